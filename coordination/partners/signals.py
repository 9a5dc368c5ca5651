"""News from partners, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# agency
unsigned_proposed = Signal()
# agency, by, outcome
unsigned_ended = Signal()
