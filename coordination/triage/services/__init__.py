"""What is done with safety flags."""

from coordination.triage.services.deciding import decide, reopen
from coordination.triage.services.receiving import receive
from coordination.triage.services.reindexing import reindex_flags
from coordination.triage.services.warning import WARN, end_clock

__all__ = ["WARN", "decide", "end_clock", "receive", "reindex_flags", "reopen"]
