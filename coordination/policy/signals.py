"""News from policy, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# proposal
criteria_proposed = Signal()
# proposal, by
criteria_decided = Signal()
