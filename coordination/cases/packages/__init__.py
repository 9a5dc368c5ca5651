"""Packages: chosen exhibits of a case with all that an outsider needs to check them without us."""
