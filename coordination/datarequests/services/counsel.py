"""Who is counsel, where the law asks for counsel."""

from typing import Final

from coordination.access.roles import Role
from coordination.access.services import User

COUNSEL: Final = frozenset({Role.COUNSEL.value, Role.DUTY_COUNSEL.value})


def is_counsel(user: User) -> bool:
    """Tell whether a person is counsel of the desk."""
    return not COUNSEL.isdisjoint(user.role_names)
