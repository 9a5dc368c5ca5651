"""News from referrals, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# referral; before it is submitted, and before it is approved: a slice above may know why it waits
about_to_leave = Signal()
