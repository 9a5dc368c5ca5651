"""Safety flags in, and what was decided about each."""
