"""Frozen messages, deliveries, attempts, receipts; the dispatcher and its hosts."""
