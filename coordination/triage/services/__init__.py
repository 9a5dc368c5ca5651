"""What is done with safety flags."""

from coordination.triage.services.deciding import decide, reopen
from coordination.triage.services.receiving import receive

__all__ = ["decide", "receive", "reopen"]
