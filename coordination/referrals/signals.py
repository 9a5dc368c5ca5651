"""News from referrals, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# referral, by; before it is submitted, and before it is approved: a slice above may know why it waits
about_to_leave = Signal()
# referral, value; before a place that is said to be observed or inferred, from no source, stands on a draft
place_named = Signal()
