"""What stands under every API route: problems, paging, idempotency, authentication."""
