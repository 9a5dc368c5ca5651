"""The demo: people, partners and cases from fixtures/demo, real processes, one referral from end to end."""
