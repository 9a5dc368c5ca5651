"""The verbs of restrictions and preservations. One transaction each; the platform is told after commit."""

from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services.imposing import Imposing, impose, impose_many
from coordination.restrictions.services.preserving import Preserving, preserve, preserve_many
from coordination.restrictions.services.reindexing import reindex_preservations, reindex_restrictions

__all__ = [
    "Command",
    "Imposing",
    "Preservation",
    "Preserving",
    "Restriction",
    "impose",
    "impose_many",
    "preserve",
    "preserve_many",
    "reindex_preservations",
    "reindex_restrictions",
]
