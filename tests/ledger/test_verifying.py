"""What somebody with every right in the database does to the ledger is found, and the first wrong entry."""

from typing import Any

import psycopg
import pytest
from django.db import transaction

from coordination.cases import anchors
from coordination.ledger import anchoring, keys, merkle, notes, sequencing, services
from coordination.ledger.models import Checkpoint, Leaf, Pending
from tests.ledger.trees import grow
from tests.ledger.vandals import SIZE, verified
from tests.timestamps import Served

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE, PARTIAL = 100, 600  # a place in a full tile, and one after the last
FLIP = "UPDATE ledger_leaf SET {0} = set_byte({0}, 20, get_byte({0}, 20) # 1) WHERE id = {1}"


def _leaf(place: int) -> int:
    return Leaf.objects.get(place__index=place).pk


def _note(size: int) -> bytes:
    return bytes(Checkpoint.objects.get(size=size).note)


def test_a_ledger_that_nobody_touched_holds(ledger: None) -> None:
    with transaction.atomic():
        grow(5, sequence=False)
    outcome, found = verified(against=_note(550))
    assert found == []
    assert outcome.first is None
    assert outcome.read == {"checkpoints": 3, "entries": SIZE + 5, "tiles": 2}
    assert (outcome.signed, outcome.waiting, outcome.unanchored) == (SIZE, 5, SIZE + 5)


def test_an_empty_ledger_holds(transactional_db: None) -> None:
    outcome, found = verified()
    assert (found, outcome.unanchored) == ([], 0)


@pytest.mark.parametrize("place", [0, WHOLE, 255, 256, PARTIAL, SIZE - 1])
@pytest.mark.parametrize("column", ["entry", "leaf_hash"])
def test_a_flipped_bit_is_found_at_its_entry(vandal: psycopg.Connection, column: str, place: int) -> None:
    leaf = _leaf(place)
    vandal.execute(FLIP.format(column, leaf))
    outcome, found = verified()
    assert outcome.first == found[0]
    assert str(found[0]) == f"place {place}: its bytes do not give its hash (leaf {leaf})"
    if (
        column == "leaf_hash" or place < 512
    ):  # beside, the checkpoint says that the bytes are not what was signed
        assert len(found) == 1


def _rewrite(vandal: psycopg.Connection, place: int) -> None:
    """Change an entry so that it is a good one by itself: bytes, hash and columns agree."""
    with transaction.atomic():
        other = services.record("tests.done", subject="T-other", by=None)
    vandal.execute(
        "UPDATE ledger_leaf l SET entry = o.entry, leaf_hash = o.leaf_hash, recorded_at = o.recorded_at,"
        " action = o.action, subject = o.subject FROM ledger_leaf o WHERE l.id = %s AND o.id = %s",
        [_leaf(place), other.pk],
    )
    vandal.execute("DELETE FROM ledger_pending")
    vandal.execute("DELETE FROM ledger_leaf WHERE id = %s", [other.pk])


@pytest.mark.parametrize("place", [0, WHOLE, 511])
def test_an_entry_that_was_replaced_by_another_is_named(vandal: psycopg.Connection, place: int) -> None:
    _rewrite(vandal, place)
    outcome, found = verified()
    assert [str(each) for each in found] == [f"place {place}: it is not the entry that was signed here"]
    assert outcome.first == found[0]


def test_an_entry_that_was_replaced_since_the_last_whole_tile_is_one_of_a_batch(
    vandal: psycopg.Connection,
) -> None:
    _rewrite(vandal, PARTIAL)
    outcome, found = verified()
    [one] = found
    assert (one.place, one.until) == (550, SIZE)
    assert "one of these entries is not what was signed" in str(one)
    assert outcome.first == found[0]


def test_an_entry_that_was_replaced_with_its_tiles_is_found_by_the_checkpoints(
    vandal: psycopg.Connection,
) -> None:
    _rewrite(vandal, WHOLE)
    hashes = Leaf.objects.filter(place__index__lt=256).order_by("place__index")
    row = [bytes(each) for each in hashes.values_list("leaf_hash", flat=True)]
    vandal.execute(
        "UPDATE ledger_tile SET hashes = %s, root = %s WHERE level = 0 AND number = 0",
        [b"".join(row), merkle.root(row)],
    )
    outcome, found = verified()
    assert outcome.first == found[0]
    assert (found[0].place, found[0].until) == (0, 300)
    assert str(found[1]) == "2 later checkpoints do not hold either"


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("action = 'tests.undone'", "its columns say another action or subject than its bytes"),
        ("subject = 'T-x'", "its columns say another action or subject than its bytes"),
        ("recorded_at = recorded_at + '1 second'", "its column says another time than its bytes"),
    ],
)
def test_what_is_searched_says_what_was_hashed(vandal: psycopg.Connection, column: str, said: str) -> None:
    leaf = _leaf(WHOLE)
    vandal.execute(f"UPDATE ledger_leaf SET {column} WHERE id = {leaf}")
    _, found = verified()
    assert [str(each) for each in found] == [f"place {WHOLE}: {said} (leaf {leaf})"]


@pytest.mark.parametrize(
    "entry",
    [
        b'{"v": 1}',
        b'{"v":1,"a":1}',
        b'{"v":1.0}',
        b'{"v":1e2}',
        b'{"v":NaN}',
        b'{"v":9007199254740993}',
        b'{"v":1}{}',
        b'{"a":"\\u0041","v":1}',
        b'{"v":1,"v":1}',
        b'{"v":"\xff"}',
        b"[1]",
        b"",
        b"[" * 100_000,
        '{"\ue000":1,"\U00010000":1,"v":1}'.encode(),
    ],
)
def test_an_entry_that_is_not_canonical_is_found(vandal: psycopg.Connection, entry: bytes) -> None:
    vandal.execute(
        "UPDATE ledger_leaf SET entry = %(entry)s, leaf_hash = sha256('\\x00'::bytea || %(entry)s)"
        " WHERE id = %(id)s",
        {"entry": entry, "id": _leaf(WHOLE)},
    )
    outcome, found = verified()
    assert "its bytes are no canonical JSON" in str(found[0])
    assert (found[0].place, outcome.first) == (WHOLE, found[0])


@pytest.mark.parametrize("place", [WHOLE, PARTIAL])
def test_two_entries_that_changed_places_are_found(vandal: psycopg.Connection, place: int) -> None:
    vandal.execute("ALTER TABLE ledger_sequence DROP CONSTRAINT IF EXISTS ledger_sequence_leaf_id_key")
    vandal.execute(
        "UPDATE ledger_sequence s SET leaf_id = o.leaf_id FROM ledger_sequence o"
        " WHERE (s.index, o.index) IN ((%(a)s, %(b)s), (%(b)s, %(a)s))",
        {"a": place, "b": place + 5},
    )
    outcome, _ = verified()
    assert outcome.first is not None
    assert (outcome.first.place, outcome.first.exact) == (place, True)


def test_a_batch_in_another_order_is_found(vandal: psycopg.Connection) -> None:
    vandal.execute("ALTER TABLE ledger_sequence DROP CONSTRAINT IF EXISTS ledger_sequence_leaf_id_key")
    vandal.execute(
        "UPDATE ledger_sequence s SET leaf_id = o.leaf_id FROM ledger_sequence o"
        " WHERE s.index BETWEEN 300 AND 549 AND o.index = 849 - s.index"
    )
    outcome, _ = verified()
    assert outcome.first is not None
    assert outcome.first.place == 300


@pytest.mark.parametrize("place", [0, WHOLE, PARTIAL, SIZE - 1])
@pytest.mark.parametrize("table", ["ledger_leaf", "ledger_sequence"])
def test_a_row_that_was_deleted_is_found(vandal: psycopg.Connection, table: str, place: int) -> None:
    leaf = _leaf(place)
    vandal.execute(f"DELETE FROM {table} WHERE {'id' if table == 'ledger_leaf' else 'leaf_id'} = {leaf}")
    outcome, found = verified()
    said = f"the entry is gone (leaf {leaf})" if table == "ledger_leaf" else "no entry stands here"
    assert str(outcome.first) == f"place {place}: {said}"
    if table == "ledger_sequence":
        assert f"leaf {leaf} has no place in the tree, and does not wait for one" in map(str, found)


def test_entries_that_were_deleted_with_their_places_are_found(vandal: psycopg.Connection) -> None:
    vandal.execute(
        "WITH gone AS (DELETE FROM ledger_sequence WHERE index BETWEEN 100 AND 610 RETURNING leaf_id)"
        " DELETE FROM ledger_leaf USING gone WHERE id = leaf_id"
    )
    outcome, _ = verified()
    assert str(outcome.first) == "place 100: no entry stands here, nor up to place 610"


def test_a_dropped_tail_is_found_while_its_checkpoint_is_there(vandal: psycopg.Connection) -> None:
    _drop_tail(vandal, 640)
    outcome, found = verified()
    assert str(outcome.first) == "place 640: no entry stands here, nor up to place 699"
    assert len(found) == 2


def _drop_tail(vandal: psycopg.Connection, size: int) -> None:
    vandal.execute(
        "DELETE FROM ledger_leaf l USING ledger_sequence s WHERE s.leaf_id = l.id AND index >= %s", [size]
    )
    vandal.execute("DELETE FROM ledger_sequence WHERE index >= %s", [size])
    vandal.execute("DELETE FROM ledger_tile WHERE level = 0 AND number >= %s", [size // 256])


def _put_back(vandal: psycopg.Connection, size: int) -> None:
    """Make the database what it was when it had `size` entries."""
    _drop_tail(vandal, size)
    vandal.execute("DELETE FROM ledger_checkpoint WHERE size > %s", [size])


def test_an_old_copy_that_was_put_back_is_found_by_a_checkpoint_kept_elsewhere(
    vandal: psycopg.Connection,
) -> None:
    kept = _note(SIZE)
    _put_back(vandal, 300)
    assert verified()[1] == []
    outcome, found = verified(against=kept)
    assert [str(each) for each in found] == [
        "place 300: kept.txt was signed over 700 entries, and here are 300: the last are gone"
    ]
    assert outcome.first == found[0]


def test_an_old_copy_that_was_written_on_is_found_by_a_checkpoint_kept_elsewhere(
    vandal: psycopg.Connection,
) -> None:
    kept, older = _note(550), _note(300)
    _put_back(vandal, 300)
    with transaction.atomic():
        grow(500, sequence=False)
    sequencing.sequence_all()
    assert verified()[1] == verified(against=older)[1] == []
    _, found = verified(against=kept)
    assert [str(each) for each in found] == [
        "the first 550 entries are not those that kept.txt was signed over"
    ]


@pytest.mark.parametrize(
    "change", ["note = set_byte(note, 70, get_byte(note, 70) # 1)", "root = sha256('x')", "size = 301"]
)
def test_a_changed_checkpoint_is_found(vandal: psycopg.Connection, change: str) -> None:
    vandal.execute(f"UPDATE ledger_checkpoint SET {change} WHERE size = 300")
    _, found = verified()
    assert [str(each).startswith("the checkpoint of 30") for each in found] == [True]


def test_a_checkpoint_that_was_replaced_by_another_signed_one_is_found(vandal: psycopg.Connection) -> None:
    said = notes.Checkpoint(origin=keys.signing()[0].name, size=300, root=b"x" * 32)
    vandal.execute(
        "UPDATE ledger_checkpoint SET note = %s, root = %s WHERE size = 300",
        [notes.sign(said, keys.signing()), said.root],
    )
    [one] = verified()[1]
    assert str(one).startswith("places 0 to 299: the checkpoint of 300 entries does not hold")


def test_a_checkpoint_of_a_key_that_nobody_knows_is_found_and_of_a_retired_one_not(
    ledger: None, settings: Any
) -> None:
    retired = keys.verifying()[0]
    settings.LEDGER_SIGNING_KEYS = ["A" * 43 + "="]
    _, found = verified()
    assert [str(each).partition(": ")[2] for each in found] == [
        *["A checkpoint is signed with no key of this ledger."] * 3,
        "from here on, entries have a place that no checkpoint signed",
    ]
    settings.LEDGER_VERIFIER_KEYS = [str(retired)]
    assert verified()[1] == []


@pytest.mark.parametrize("column", ["hashes", "root"])
def test_a_flipped_bit_in_a_tile_is_a_finding_about_the_tile(vandal: psycopg.Connection, column: str) -> None:
    vandal.execute(f"UPDATE ledger_tile SET {column} = set_byte({column}, 9, 0) WHERE number = 1")
    outcome, found = verified()
    assert all("tile 0/1" in str(each) for each in found)
    assert found
    assert outcome.first is not None
    assert outcome.first.place is None


def test_a_lost_tile_and_one_too_many_are_found(vandal: psycopg.Connection) -> None:
    vandal.execute("UPDATE ledger_tile SET number = 9 WHERE number = 1")
    vandal.execute("INSERT INTO ledger_tile (level, number, hashes, root) VALUES (3, 0, '', '')")
    assert [str(each) for each in verified()[1]] == [
        "tile 0/1 is gone",
        "tile 0/9 belongs to no tree",
        "tile 3/0 belongs to no tree",
    ]


def test_what_waits_for_ever_and_what_is_not_there_is_found(vandal: psycopg.Connection) -> None:
    with transaction.atomic():
        first, second, third = grow(3, sequence=False)
    vandal.execute("DELETE FROM ledger_pending WHERE leaf_id = %s", [first.pk])
    vandal.execute("DELETE FROM ledger_leaf WHERE id = %s", [second.pk])
    vandal.execute(FLIP.format("entry", third.pk))
    outcome, found = verified()
    assert [str(each) for each in found] == [
        f"leaf {first.pk} has no place in the tree, and does not wait for one",
        f"leaf {third.pk}, which has no place: its bytes do not give its hash",
        f"leaf {second.pk} waits for its place, and is gone",
    ]
    assert outcome.waiting == 1


def test_places_after_the_last_checkpoint_are_found(vandal: psycopg.Connection) -> None:
    with transaction.atomic():
        [more] = grow(1, sequence=False)
    vandal.execute("INSERT INTO ledger_sequence (index, leaf_id) VALUES (%s, %s)", [10**15, more.pk])
    _, found = verified()
    assert [each.place for each in found] == [SIZE, SIZE]


def test_an_entry_that_waits_again_is_no_finding(ledger: None) -> None:
    with transaction.atomic():
        Pending.objects.create(leaf_id=_leaf(5))
    assert verified()[1] == []


def test_time_stamps_are_checked_and_say_what_is_unanchored(
    vandal: psycopg.Connection, timestamps: Served
) -> None:
    anchoring.anchor(Checkpoint.objects.get(size=550), post=anchors.post)
    outcome, found = verified()
    assert found == []
    assert (outcome.read["time stamps"], outcome.anchored, outcome.unanchored) == (1, 550, SIZE - 550)
    vandal.execute("UPDATE ledger_anchor SET response = set_byte(response, 200, 0)")
    outcome, found = verified()
    assert outcome.unanchored == SIZE
    assert str(found[0]).startswith("a time stamp of the checkpoint of 550 entries: The answer")
    vandal.execute("DELETE FROM ledger_checkpoint WHERE size = 550")
    assert [str(each) for each in verified()[1]] == ["1 time stamp of no checkpoint"]
