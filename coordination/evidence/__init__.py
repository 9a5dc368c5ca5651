"""Exhibits: what is kept as evidence, sealed, with the whole of its custody."""
