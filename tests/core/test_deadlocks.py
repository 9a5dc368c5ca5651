"""A deed that the database ended to free another is done again; any other failure is told at once."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction

from coordination.core.deadlocks import TRIES, outlasting

pytestmark = pytest.mark.django_db(transaction=True)


class _Ended(Exception):
    sqlstate = "40P01"


def _raise_ended() -> None:
    raise OperationalError("deadlock detected") from _Ended()


def test_what_the_database_ended_is_done_again() -> None:
    tries: list[int] = []

    def deed() -> str:
        tries.append(1)
        if len(tries) < TRIES:
            _raise_ended()
        return "done"

    assert outlasting(deed) == "done"


def test_it_ends_with_the_last_try() -> None:
    tries: list[int] = []

    def deed() -> None:
        tries.append(1)
        _raise_ended()

    with pytest.raises(OperationalError):
        outlasting(deed)
    assert len(tries) == TRIES


def test_another_failure_is_told_at_once() -> None:
    tries: list[int] = []

    def deed() -> None:
        tries.append(1)
        raise OperationalError("the server closed the connection")

    with pytest.raises(OperationalError):
        outlasting(deed)
    assert len(tries) == 1


def test_two_deeds_that_lock_in_opposite_orders_are_both_done() -> None:
    first, second = (Group.objects.create(name=name).pk for name in ("one", "two"))
    barrier = threading.Barrier(2)
    done: list[str] = []

    def deed(name: str, order: tuple[int, int]) -> None:
        meeting = [barrier]  # only the first try waits for the other

        def once() -> None:
            with transaction.atomic():
                Group.objects.select_for_update().get(pk=order[0])
                if meeting:
                    meeting.pop().wait(10)
                Group.objects.select_for_update().get(pk=order[1])
            done.append(name)

        try:
            outlasting(once)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=deed, args=("forth", (first, second))),
        threading.Thread(target=deed, args=("back", (second, first))),
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sorted(done) == ["back", "forth"]
