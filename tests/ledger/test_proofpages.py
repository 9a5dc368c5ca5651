"""The desk shows how far the ledger is proven, and gives the proof of an entry to take along."""

import re
from typing import Any

import pytest
from django.test import Client

from coordination.access.models import User
from coordination.cases import anchors
from coordination.core import clock
from coordination.ledger import anchoring, keys, merkle, notes, selectors
from coordination.ledger.models import AnchorFailure
from tests.doors import SignIn
from tests.ledger.trees import grow
from tests.timestamps import Served

LIST = "/admin/ledger/leaf/"
CHECKPOINTS = f"{LIST}checkpoints/"


@pytest.fixture
def desk(sign_in: SignIn, auditor: User) -> Client:
    return sign_in(auditor)


def _text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_before_the_first_checkpoint_the_page_says_so(desk: Client) -> None:
    page = _text(desk, CHECKPOINTS)
    assert "Newest checkpoint none yet" in page
    assert "not yet in a checkpoint" in page  # signing in was recorded
    assert "○ not anchored" in page
    answer = desk.get(f"{LIST}checkpoint/", follow=True)
    assert "There is no checkpoint yet." in answer.content.decode()


def test_the_page_shows_the_newest_checkpoint_what_waits_and_why_nothing_is_anchored(
    desk: Client,
) -> None:
    grow(20)
    grow(3, sequence=False)
    newest = selectors.latest_checkpoint()
    assert newest is not None
    AnchorFailure.objects.create(checkpoint=newest, failed_at=clock.now(), why="It did not answer.")
    page = _text(desk, CHECKPOINTS)
    assert f"Newest checkpoint {newest.size} entries, signed" in page
    assert "3 entries, not yet in a checkpoint" in page
    assert f"{newest.size + 3} entries are under no time stamp" in page
    assert "▲ It did not answer." in page
    assert str(keys.verifying()[0]) in page
    assert CHECKPOINTS in desk.get(LIST).content.decode()


def test_an_older_checkpoint_is_covered_by_the_stamp_of_a_newer_one(desk: Client, timestamps: Served) -> None:
    grow(5)
    older = selectors.latest_checkpoint()
    grow(5)
    stamped = selectors.latest_checkpoint()
    assert stamped is not None
    anchoring.anchor(stamped, post=anchors.post)
    grow(5)
    newest = selectors.latest_checkpoint()
    assert older is not None
    assert newest is not None
    page = _text(desk, CHECKPOINTS)
    assert f"covered by the stamp of {stamped.size}" in page
    rows = selectors.latest_checkpoints(10)
    assert selectors.covered_by(rows)[older.size] == stamped.size
    assert {stamped.size, newest.size}.isdisjoint(selectors.covered_by(rows))


def test_the_page_shows_until_when_the_ledger_is_anchored(desk: Client, timestamps: Served) -> None:
    grow(20)
    newest = selectors.latest_checkpoint()
    assert newest is not None
    stamp = anchoring.anchor(newest, post=anchors.post)
    page = _text(desk, CHECKPOINTS)
    assert stamp.authority in page
    assert "● up to" in page
    assert "○ not anchored" not in page


def test_the_newest_checkpoint_is_taken_along_and_holds(desk: Client) -> None:
    grow(20)
    answer = desk.get(f"{LIST}checkpoint/")
    said = notes.open_checkpoint(answer.content, keys.verifying())
    assert answer["Content-Disposition"] == f'attachment; filename="checkpoint-{said.size}.txt"'
    newest = selectors.latest_checkpoint()
    assert newest is not None
    assert said.size == newest.size


def test_an_entry_says_its_proof_and_gives_it(desk: Client, timestamps: Served) -> None:
    leaf, *_ = grow(20)
    page = f"{LIST}{leaf.pk}/change/"
    index = selectors.index_of(leaf.pk)
    assert f"Place {index} under the checkpoint of" in _text(desk, page)
    assert "not anchored" in _text(desk, page)
    answer = desk.get(f"{LIST}{leaf.pk}/proof/")
    assert answer["Content-Disposition"] == f'attachment; filename="entry-{leaf.pk}.tlog-proof"'
    proof = notes.Proof.parse(answer.content)
    said = notes.open_checkpoint(proof.note, keys.verifying())
    place: dict[str, Any] = {"index": proof.index, "size": said.size, "root": said.root}
    assert merkle.includes(bytes(leaf.leaf_hash), path=proof.path, **place)
    newest = selectors.latest_checkpoint()
    assert newest is not None
    anchoring.anchor(newest, post=anchors.post)
    assert "entries, anchored" in _text(desk, page)


def test_an_entry_that_waits_says_so_and_has_no_proof(desk: Client) -> None:
    [leaf] = grow(1, sequence=False)
    assert "Not yet in a checkpoint" in _text(desk, f"{LIST}{leaf.pk}/change/")
    answer = desk.get(f"{LIST}{leaf.pk}/proof/", follow=True)
    assert answer.redirect_chain == [(f"{LIST}{leaf.pk}/change/", 302)]
    assert "under no checkpoint yet" in answer.content.decode()
    assert desk.get(f"{LIST}{leaf.pk + 999}/proof/").status_code == 404


def test_who_may_not_read_the_ledger_has_neither_page_nor_proof(
    sign_in: SignIn, reviewer: User, db: None
) -> None:
    leaf, *_ = grow(3)
    browser = sign_in(reviewer)
    assert browser.get(CHECKPOINTS).status_code == browser.get(f"{LIST}checkpoint/").status_code == 403
    assert browser.get(f"{LIST}{leaf.pk}/proof/").status_code == 404
    assert browser.post(CHECKPOINTS).status_code in {403, 405}


def test_the_page_says_that_no_key_is_set(desk: Client, settings: Any) -> None:
    settings.LEDGER_SIGNING_KEYS = []
    assert "No key is set" in _text(desk, CHECKPOINTS)
