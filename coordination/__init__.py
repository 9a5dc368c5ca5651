"""Coordination: threat referrals, lawful data requests and victim notices, carried and proved."""
