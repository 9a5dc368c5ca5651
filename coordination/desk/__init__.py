"""What spans slices: home, review pages, demo and worker commands."""
