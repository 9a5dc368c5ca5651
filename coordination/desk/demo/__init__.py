"""The demo: people, partners and cases from fixtures/demo, real processes, and one referral from flag to acknowledgement."""
