"""News from data requests, sent with send() in the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# request, by: it came in, verified or not
filed = Signal()
# request, by: its process was found to be good, wholly or narrowed
accepted = Signal()
# production, by: counsel signed the package, and it may be handed out
produced = Signal()
# request, by: it was withdrawn, rejected, quashed or closed
ended = Signal()
# request, by: two people found that its non-disclosure order ended
silence_ended = Signal()
