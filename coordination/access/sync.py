"""Groups and their permissions follow the table of roles after every migration."""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models.signals import post_migrate

from coordination.access.roles import ROLES


def connect() -> None:
    """Run `sync_roles` once per migration: after the last application, when all permissions exist."""
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    post_migrate.connect(_after_migration, sender=last, dispatch_uid="access.sync_roles")


def _after_migration(using: str, **_: Any) -> None:
    sync_roles(using=using)


def changed_by_hand(*, using: str) -> list[str]:
    """Return the roles whose group has other permissions on connection `using` than the table gives."""
    through = Group.permissions.through.objects.using(using)
    held: dict[str, set[str]] = {}
    for role, label, codename in through.values_list(
        "group__name", "permission__content_type__app_label", "permission__codename"
    ):
        held.setdefault(role, set()).add(f"{label}.{codename}")
    return sorted(role.value for role in ROLES if held.get(role.value, set()) != ROLES[role].permissions)


def sync_roles(*, using: str) -> set[str]:
    """Make the groups on connection `using` equal to ROLES; return the permissions that do not exist (yet).

    A name that nothing declares fails a test, never a deployment: a slice may be migrated alone.
    """
    with transaction.atomic(using=using):
        known = {
            f"{label}.{codename}": pk
            for pk, label, codename in Permission.objects.using(using).values_list(
                "pk", "content_type__app_label", "codename"
            )
        }
        groups = {group.name: group for group in Group.objects.using(using)}
        through = Group.permissions.through.objects.using(using)
        wanted: set[tuple[int, int]] = set()
        for role, rights in ROLES.items():
            group = groups.get(role.value) or Group.objects.using(using).create(name=role.value)
            wanted |= {(group.pk, known[name]) for name in rights.permissions & known.keys()}
        held = set(through.values_list("group_id", "permission_id"))
        for group_id, permission_id in held - wanted:
            through.filter(group_id=group_id, permission_id=permission_id).delete()
        through.bulk_create(
            [
                Group.permissions.through(group_id=group_id, permission_id=permission_id)
                for group_id, permission_id in sorted(wanted - held)
            ]
        )
    return set().union(*(rights.permissions for rights in ROLES.values())) - known.keys()
