"""What is done with safety flags."""

from coordination.triage.services.assessing import assess
from coordination.triage.services.deciding import decide, reopen
from coordination.triage.services.dissenting import dissent
from coordination.triage.services.receiving import receive
from coordination.triage.services.reindexing import reindex_flags
from coordination.triage.services.warning import WARN, end_clock

__all__ = ["WARN", "assess", "decide", "dissent", "end_clock", "receive", "reindex_flags", "reopen"]
