"""What is known of a requester, in words that a table holds."""

from enum import StrEnum


class Trust(StrEnum):
    """How far an officer's requests are believed. No level spares an emergency request its call."""

    LIMITED = "limited"  # whatever they ask, somebody calls back first
    ORDINARY = "ordinary"  # as the rules for the kind of request have it
