"""What benchmarks.bus measures with: a database of its own, and approved deliveries in any number."""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

BODY = b'{"note": "' + b"x" * 1000 + b'"}'


@contextlib.contextmanager
def database() -> Iterator[dict[str, str]]:
    """Create, migrate and in the end drop a database; yield what a child process needs to find it."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from coordination.core import embedded

    name = f"coordination_bench_{os.getpid()}"
    if "owner" not in settings.DATABASES:
        raise SystemExit("Set DATABASE_OWNER_URL too: the benchmark makes a database of its own.")
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    server = owner.settings_dict["NAME"]
    _point_at(name)
    try:
        call_command("migrate", interactive=False, verbosity=0)
        yield {
            **os.environ,
            "DATABASE_URL": embedded.url_of(connections["default"].settings_dict),
            "DATABASE_OWNER_URL": embedded.url_of(connections["owner"].settings_dict),
        }
    finally:
        _point_at(server)
        with connections["owner"].cursor() as cursor:
            for _ in range(20):
                with contextlib.suppress(Exception):
                    cursor.execute(f"DROP DATABASE IF EXISTS {name}")
                    break
                time.sleep(0.5)


def _point_at(name: str) -> None:
    from django.conf import settings
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = name


def person() -> Any:
    """Return somebody who approves."""
    from coordination.access import services as access

    return access.create_person("benchmark", by=None)


def destination(url: str) -> Any:
    """Return an open destination of the signed webhook."""
    from coordination.partners import services as partners

    number = time.time_ns()
    agency = partners.register_agency(
        by=None,
        name=f"Agency {number}",
        identifier=f"B{number}",
        kind="police",
        recipient_class="us_government",
        country="US",
        phone="+1 555 0100 000",
    )
    partners.verify_agency(agency, by=None, how_verified="a benchmark")
    return partners.add_destination(
        agency,
        by=None,
        title="sink",
        channel="signed_webhook",
        config={"endpoint": url, "signing_secret": "secret:BENCHMARK"},
        how_known="a benchmark",
    )


def insert(destinations: list[Any], number: int, *, by: Any, lane: str = "normal") -> list[Any]:
    """Insert approved deliveries in bulk, as `approve` would: each of a case of its own."""
    import hashlib

    from coordination.cases.models import Case
    from coordination.core import clock, identifiers
    from coordination.outbox.models import Approval, Delivery, Message
    from coordination.partners.services import destination_fingerprint

    now = clock.now()
    digest = "sha256:" + hashlib.sha256(BODY).hexdigest()
    prints = {each.pk: destination_fingerprint(each) for each in destinations}
    cases = Case.objects.bulk_create(
        Case(reference=identifiers.reference("C"), title="Benchmark", opened_at=now) for _ in range(number)
    )
    messages = Message.objects.bulk_create(
        Message(
            case=case,
            kind="test",
            reference="T-1",
            origin="benchmarks.bus:1",
            lane=lane,
            destination=destinations[index % len(destinations)],
            channel="signed_webhook",
            fingerprint=prints[destinations[index % len(destinations)].pk],
            content=BODY,
            media_type="application/json",
            filename="t.json",
            preview="",
            source=cast("Any", {}),
            digest=digest,
            state="approved",
            prepared_at=now,
        )
        for index, case in enumerate(cases)
    )
    Approval.objects.bulk_create(
        Approval(
            message=each,
            digest=digest,
            destination=each.destination,
            channel=each.channel,
            fingerprint=each.fingerprint,
            approved_by=by,
            approved_at=now,
        )
        for each in messages
    )
    due = now - timedelta(milliseconds=1)
    return Delivery.objects.bulk_create(
        Delivery(
            message=each,
            case=each.case,
            destination=each.destination,
            lane=lane,
            created_at=now,
            trying_since=now,
            due_at=due,
        )
        for each in messages
    )
