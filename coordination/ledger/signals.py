"""What the ledger asks of the slices above it."""

from django.dispatch import Signal

# Arguments: subject (what somebody looks for, such as R-7F3K-9QWD), by (who looks). Sent where the list of
# entries is searched: a receiver returns further subjects of entries that are about the same, and none of a
# record that `by` may not see.
sought = Signal()
