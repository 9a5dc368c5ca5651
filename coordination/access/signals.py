"""News from access, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# user
locked_out = Signal()
# user, by, reason
released = Signal()
