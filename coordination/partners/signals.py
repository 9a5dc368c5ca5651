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
# officer, by: they act for their agency no more (suspended, left, or the verification ended; by is None then)
officer_stopped = Signal()
# agency, ends_at: the verification of an officer there ends soon, or has ended
verification_ends = Signal()
# call: somebody has to call an agency back
call_asked = Signal()
# call, by: it has an outcome
called_back = Signal()
# change: a contact is proposed to be changed, the agency has to be called on the old number
contact_change_proposed = Signal()
# change: the agency confirmed it; another person may make it when the hold is over
contact_change_held = Signal()
# change, by: it is effective, withdrawn or denied
contact_change_ended = Signal()
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
