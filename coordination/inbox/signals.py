"""News from partners, sent with send() inside the transaction that keeps it."""

from django.dispatch import Signal

# inbound: InboundMessage, payload: dict. Once for each thing that a partner said.
accepted = Signal()
