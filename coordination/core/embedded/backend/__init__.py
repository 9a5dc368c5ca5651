"""Django's PostgreSQL backend, which starts the embedded server where it is not running."""
