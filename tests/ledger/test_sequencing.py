"""Leaves find their places by state, in batches, whatever the order of commits; one sequencer at a time."""

from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from coordination.core import grants
from coordination.core.errors import NotFound
from coordination.ledger import keys, merkle, notes, proofs, selectors, sequencing, services, tree
from coordination.ledger.models import Checkpoint, Leaf, Pending, Sequence, Tile
from coordination.ledger.tree import LedgerBroken
from tests.ledger.trees import grow
from tests.threads import at_once


def _hashes() -> list[bytes]:
    return [
        bytes(each) for each in Sequence.objects.order_by("index").values_list("leaf__leaf_hash", flat=True)
    ]


def _checked(checkpoint: Checkpoint) -> notes.Checkpoint:
    return notes.open_checkpoint(bytes(checkpoint.note), keys.verifying())


def test_each_entry_finds_its_place_once_under_a_signed_checkpoint(db: None) -> None:
    leaves = grow(700)
    assert not Pending.objects.exists()
    indexes = list(Sequence.objects.order_by("index").values_list("index", flat=True))
    assert indexes == list(range(Leaf.objects.count()))
    last = selectors.latest_checkpoint()
    assert last is not None
    said = _checked(last)
    assert (said.size, said.root) == (len(indexes), merkle.root(_hashes()))
    assert selectors.index_of(leaves[0].pk) is not None


def test_small_batches_make_the_same_tree_as_one(db: None) -> None:
    grow(600, sequence=False)
    while sequencing.sequence(most=97):
        pass
    assert tree.frontier(tree.size()).root() == merkle.root(_hashes())
    assert Tile.objects.filter(level=0).count() == tree.size() // 256
    for each in Checkpoint.objects.all():
        assert _checked(each).root == bytes(each.root) == merkle.root(_hashes()[: each.size])


def test_nothing_new_makes_no_checkpoint(db: None) -> None:
    grow(3)
    before = Checkpoint.objects.count()
    assert sequencing.sequence() == 0
    assert Checkpoint.objects.count() == before


def test_a_leaf_that_is_made_to_wait_again_keeps_its_one_place(db: None) -> None:
    first, *_ = grow(3)
    place = selectors.index_of(first.pk)
    Pending.objects.create(leaf=first)
    grow(2)
    assert selectors.index_of(first.pk) == place
    assert not Pending.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_commits_late_under_a_small_number_is_not_passed_over(
    owner: psycopg.Connection,
) -> None:
    with transaction.atomic():
        late = services.record("tests.done", subject="T-late", by=None)

        def others() -> None:
            with transaction.atomic():
                later = services.record("tests.done", subject="T-later", by=None)
            assert later.pk > late.pk
            sequencing.sequence_all()
            assert selectors.index_of(later.pk) is not None
            assert selectors.index_of(late.pk) is None

        assert at_once(others) == [None]
    assert selectors.index_of(late.pk) is None
    sequencing.sequence_all()
    assert selectors.index_of(late.pk) == tree.size() - 1


@pytest.mark.django_db(transaction=True)
def test_two_sequencers_at_once_make_one_tree_and_writers_wait_for_neither() -> None:
    with transaction.atomic():
        grow(500, sequence=False)

    def sequence() -> None:
        sequencing.sequence_all(batch=50)

    def write() -> None:
        for _ in range(50):
            with transaction.atomic():
                services.record("tests.done", subject="T-1", by=None)

    assert at_once(sequence, sequence, write, write) == [None] * 4
    sequencing.sequence_all()
    assert tree.size() == Leaf.objects.count() == 600
    for each in Checkpoint.objects.all():
        assert _checked(each).root == merkle.root(_hashes()[: each.size])


@pytest.mark.django_db(transaction=True)
def test_a_sequencer_leaves_the_work_to_the_one_that_is_at_it(owner: psycopg.Connection) -> None:
    with transaction.atomic():
        grow(2, sequence=False)
    with owner.transaction():
        owner.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [sequencing.LOCK])
        assert sequencing.sequence() == 0
    assert sequencing.sequence() == 2


@pytest.mark.parametrize("statement", ["DELETE FROM ledger_pending", "UPDATE ledger_pending SET leaf_id = 1"])
def test_the_application_cannot_take_an_entry_out_of_what_waits(db: None, statement: str) -> None:
    grow(2, sequence=False)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert sequencing.sequence() == 2


def test_only_the_application_may_give_places(owner: psycopg.Connection) -> None:
    may = "SELECT has_function_privilege(%s, 'ledger_place(bigint, int)', 'EXECUTE')"
    held = {key: owner.execute(may, [name]).fetchone() for key, name in grants.role_names().items()}
    assert held == {"app": (True,), "partner": (False,), "backup": (False,)}
    [found] = owner.execute(
        "SELECT prosecdef, proconfig, proowner = relowner FROM pg_proc, pg_class"
        " WHERE proname = 'ledger_place' AND relname = 'ledger_pending'"
    ).fetchall()
    assert found == (True, ["search_path=pg_catalog, pg_temp"], True)


def test_a_tree_that_was_changed_is_not_signed_anew(db: None) -> None:
    grow(5)
    Sequence.objects.create(index=tree.size(), leaf=services.record("tests.done", subject="T-x", by=None))
    grow(1, sequence=False)
    with pytest.raises(LedgerBroken):
        sequencing.sequence()


def test_a_checkpoint_of_another_key_is_not_built_upon(db: None, settings: Any) -> None:
    grow(5)
    settings.LEDGER_SIGNING_KEYS = ["A" * 43 + "="]
    grow(1, sequence=False)
    with pytest.raises(LedgerBroken, match="no key of this ledger"):
        sequencing.sequence()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_every_entry_has_a_proof_that_holds_under_every_later_checkpoint(db: None, size: int) -> None:
    leaves = grow(size)
    grow(300)
    stored = tree.Stored()
    for leaf in {leaves[0], leaves[size // 2], leaves[-1]}:
        index = selectors.index_of(leaf.pk)
        assert index is not None
        for checkpoint in Checkpoint.objects.filter(size__gt=index):
            proof = notes.Proof.parse(proofs.tlog_proof(leaf.pk, checkpoint=checkpoint))
            said = notes.open_checkpoint(proof.note, keys.verifying())
            assert proof.index == index
            assert merkle.includes(
                bytes(leaf.leaf_hash), index=index, size=said.size, path=proof.path, root=said.root
            )
    old, new = Checkpoint.objects.order_by("size")
    path = proofs.consistency_path(old.size, new.size)
    roots = {"old_root": bytes(old.root), "new_root": bytes(new.root)}
    assert merkle.is_consistent(old=old.size, new=new.size, path=path, **roots)
    assert stored.subtree(0, old.size) == bytes(old.root)


def test_a_proof_of_any_of_many_entries_reads_a_handful_of_rows(
    db: None, django_assert_max_num_queries: Any
) -> None:
    leaves = grow(3_000)
    with django_assert_max_num_queries(12):
        proofs.tlog_proof(leaves[1_234].pk)


def test_there_is_no_proof_of_what_waits_or_came_after_the_checkpoint(db: None) -> None:
    old, *_ = grow(3)
    first = selectors.latest_checkpoint()
    [new] = grow(1)
    [waiting] = grow(1, sequence=False)
    with pytest.raises(NotFound):
        proofs.tlog_proof(new.pk, checkpoint=first)
    with pytest.raises(NotFound):
        proofs.tlog_proof(waiting.pk)
    gathered = proofs.gather([old.pk, waiting.pk])
    assert set(gathered.proofs) == {bytes(old.leaf_hash)}
