"""Referrals out: filed, reviewed, approved, sent, answered."""
