"""Law and practice as data with citations, and the engine that reads it."""
