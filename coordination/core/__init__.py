"""What every slice may use: errors, transitions, identifiers, the clock, sealing. Imports nothing of ours."""
