"""Lawful data requests in: from a verified officer to a production that cannot exceed its legal basis."""
