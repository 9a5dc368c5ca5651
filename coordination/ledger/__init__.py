"""What happened, provably."""
