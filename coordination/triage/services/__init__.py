"""What is done with safety flags."""

from coordination.triage.services.deciding import decide, reopen
from coordination.triage.services.receiving import receive
from coordination.triage.services.reindexing import reindex_flags

__all__ = ["decide", "receive", "reindex_flags", "reopen"]
