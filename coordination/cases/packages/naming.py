"""How a package names the people of the desk: by name for ourselves, by role for whoever it goes to."""

from collections.abc import Callable
from typing import Final

from coordination.access.services import User

SYSTEM: Final = "the system"

# A person, None for the system -> how the package calls them.
Name = Callable[[User | None], str]


def by_name(person: User | None) -> str:
    """Return a person's name."""
    return SYSTEM if person is None else str(person)


def by_role() -> Name:
    """Return a naming by role and number: the number is the one that the ledger's entries name them by."""
    known: dict[int, str] = {}

    def name(person: User | None) -> str:
        if person is None:
            return SYSTEM
        if person.pk not in known:
            roles = " and ".join(each.replace("_", " ") for each in person.role_names)
            known[person.pk] = f"{roles or 'person of the desk'}, person {person.pk}"
        return known[person.pk]

    return name
