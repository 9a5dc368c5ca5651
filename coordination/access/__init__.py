"""People, tokens and the table of roles."""
