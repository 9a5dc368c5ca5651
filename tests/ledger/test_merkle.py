"""Trees and proofs: as the published vectors say, and as a tree written from the RFC's definition does."""

import base64
import hashlib
import json
import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from coordination.ledger import merkle
from coordination.ledger.frontier import WIDTH, Frontier

SIZES = [*range(1, 18), 255, 256, 257, 300, 511, 512, 513, 700]


def _leaf(number: int) -> bytes:
    return hashlib.sha256(b"\x00" + str(number).encode()).digest()


@cache
def _defined(first: int, size: int) -> bytes:
    """MTH(D[first:first + size]), word for word (RFC 9162 section 2.1.1)."""
    if size == 1:
        return _leaf(first)
    k = max(2**n for n in range(40) if 2**n < size)
    return hashlib.sha256(b"\x01" + _defined(first, k) + _defined(first + k, size - k)).digest()


def _vectors() -> list[Any]:
    place = os.environ.get("COORDINATION_STANDARDS_DIR", "")
    found = sorted(Path(place, "rfc6962/testdata").rglob("*.json")) if place else []
    return [pytest.param(each, id="/".join(each.parts[-3:])) for each in found]


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_the_vectors_are_there_or_not_at_all() -> None:
    if not _vectors():
        pytest.skip("COORDINATION_STANDARDS_DIR names no directory with rfc6962/testdata")
    assert len(_vectors()) == 196


@pytest.mark.parametrize("vector", _vectors())
def test_evd_08_a_proof_is_accepted_exactly_where_the_published_vector_is(vector: Path) -> None:
    told = json.loads(vector.read_text())
    path = [_bytes(each) for each in told["proof"] or []]
    if "leafIdx" in told:
        leaf, root = _bytes(told["leafHash"]), _bytes(told["root"])
        holds = merkle.includes(leaf, index=told["leafIdx"], size=told["treeSize"], path=path, root=root)
    else:
        roots = {"old_root": _bytes(told["root1"]), "new_root": _bytes(told["root2"])}
        holds = merkle.is_consistent(old=told["size1"], new=told["size2"], path=path, **roots)
    assert holds is not told["wantErr"]


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == Frontier().root() == hashlib.sha256().digest()


@pytest.mark.parametrize("size", SIZES)
def test_a_root_is_the_one_that_the_rfc_defines(size: int) -> None:
    assert merkle.root([_leaf(n) for n in range(size)]) == _defined(0, size)


@pytest.mark.parametrize("size", [*SIZES, WIDTH * WIDTH + 300])
def test_a_frontier_that_grows_in_any_steps_has_the_same_root(size: int) -> None:
    leaves = [_leaf(n) for n in range(size)]
    edge, tiles, taken = Frontier(), [], 0
    chance = random.Random(size)
    while taken < size:
        step = chance.randint(1, 400)
        tiles += list(edge.grow(leaves[taken : taken + step]))
        taken += step
    assert (edge.size, edge.root()) == (size, _defined(0, size))
    assert sorted((tile.level, tile.number) for tile in tiles) == [
        (level, number) for level in range(3) for number in range(size >> 8 * (level + 1))
    ]
    assert all(
        tile.root == _defined(tile.number * 256 ** (tile.level + 1), 256 ** (tile.level + 1))
        for tile in tiles
    )


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proven_and_no_other_place_or_leaf_is(size: int) -> None:
    root = _defined(0, size)
    for index in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        path = merkle.inclusion_path(index, size, _defined)
        assert merkle.includes(_leaf(index), index=index, size=size, path=path, root=root)
        assert not merkle.includes(_leaf(index + 1), index=index, size=size, path=path, root=root)
        assert not merkle.includes(_leaf(index), index=index + 1, size=size, path=path, root=root)
        assert not merkle.includes(_leaf(index), index=index, size=size, path=[*path, root], root=root)


@pytest.mark.parametrize("new", SIZES)
def test_every_older_tree_is_proven_to_be_the_beginning(new: int) -> None:
    for old in {1, 2, new // 3, new // 2, new - 1, new} & set(range(1, new + 1)):
        path = merkle.consistency_path(old, new, _defined)
        roots = {"old_root": _defined(0, old), "new_root": _defined(0, new)}
        assert merkle.is_consistent(old=old, new=new, path=path, **roots)
        swapped = {"old_root": roots["new_root"], "new_root": roots["old_root"]}
        assert old == new or not merkle.is_consistent(old=old, new=new, path=path, **swapped)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5)])
def test_nothing_is_proven_of_an_empty_or_a_larger_older_tree(old: int, new: int) -> None:
    assert not merkle.is_consistent(
        old=old, new=new, path=[], old_root=merkle.EMPTY, new_root=_defined(0, new)
    )


def test_there_is_no_path_to_what_is_not_in_the_tree() -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        merkle.inclusion_path(5, 5, _defined)
    with pytest.raises(ValueError, match="older"):
        merkle.consistency_path(6, 5, _defined)
