"""News from access, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# user
locked_out = Signal()
# user
codes_guessed = Signal()
# user, by, reason
guess_looked_into = Signal()
# user, by, reason
released = Signal()
# change
role_change_proposed = Signal()
# change, by
role_change_ended = Signal()
# glass, alerted
glass_opened = Signal()
# glass, by
glass_reviewed = Signal()
# review
ledger_review_opened = Signal()
# review, by
ledger_reviewed = Signal()
# token
token_issued = Signal()
# token, by
token_settled = Signal()
# user, readings
read_too_fast = Signal()
