"""News of deliveries, for the slices above. Sent with `send()`: a receiver that fails undoes the news."""

from django.dispatch import Signal

# Arguments: delivery, state (a DeliveryState), receipt (the kit's Receipt, or None). Sent inside the
# transaction that records the change, for every state but queued and sending.
delivery_changed = Signal()

# Arguments: delivery, by (a User). Sent before somebody releases what a plugin's objection, or a change since
# the approval, holds: a slice that knows who had a part in it raises Refused for them.
overruling = Signal()
