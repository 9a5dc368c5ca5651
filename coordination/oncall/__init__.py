"""Who is on call, pages that climb until a person answers, and whether the machines live."""
