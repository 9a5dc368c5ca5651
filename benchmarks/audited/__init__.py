"""The rows that benchmarks.ledger saves: one kind with django-auditlog, one without."""
