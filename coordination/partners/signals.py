"""News from partners, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# agency, by an administrator: another has to verify it
agency_registered = Signal()
# agency, by, outcome
agency_settled = Signal()
# officer, by an administrator: another has to verify them
officer_registered = Signal()
# agency, by: an officer was verified or suspended
officer_settled = Signal()
# key, by an administrator: another has to confirm it
key_registered = Signal()
# agency, by: a key was confirmed or revoked
key_settled = Signal()
# destination of the platform itself, by an administrator: another has to confirm where it leads
destination_written = Signal()
# destination, by: it was confirmed, or closed
destination_settled = Signal()
# agency
unsigned_proposed = Signal()
# agency, by, outcome
unsigned_ended = Signal()
