"""News from partners, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# agency, by an administrator: another has to verify it
agency_registered = Signal()
# agency, by, outcome
agency_settled = Signal()
# agency
unsigned_proposed = Signal()
# agency, by, outcome
unsigned_ended = Signal()
