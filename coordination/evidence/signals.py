"""News from evidence."""

from django.dispatch import Signal

# reason (what the system or the store said). Sent after the refusal, with send_robust(): a receiver that
# fails is logged and changes nothing.
store_failed = Signal()
