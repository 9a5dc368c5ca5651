"""A published half-year filed once more, request by request: do our counts come out as theirs?"""
