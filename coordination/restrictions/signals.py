"""News of restrictions, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# restriction, by (None: automatic)
restriction_imposed = Signal()
# restriction, by: a step up, or a step down with a signed assessment
restriction_changed = Signal()
# restriction: the platform confirmed
restriction_confirmed = Signal()
# restriction: the platform let go
restriction_lifted = Signal()
# appeal
appeal_received = Signal()
# preservation: the platform confirmed
preservation_done = Signal()
