"""Merkle trees as RFC 9162 section 2.1 has them: roots, proofs and their verification. Nothing is stored."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
# The root of a tree without leaves.
EMPTY: Final = hashlib.sha256(b"").digest()

# (first leaf, leaves) -> their root; they begin at a multiple of a power of two that is no smaller.
Subtree: TypeAlias = Callable[[int, int], bytes]


def parent(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of leaves, or over roots of complete subtrees of one size.

    The last may be the root of a smaller one: pairs from the left are the split at the largest power of two.
    """
    row = list(hashes)
    if not row:
        return EMPTY
    sha256 = hashlib.sha256
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + a + b).digest() for a, b in zip(row[::2], row[1::2], strict=False)] + odd
    return row[0]


def split(size: int) -> int:
    """Return the largest power of two below `size`, where a tree of more than one leaf divides."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return PATH(index, D[size]), from the leaf upwards (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    path: list[bytes] = []
    first = 0
    while size > 1:
        middle = split(size)
        if index - first < middle:
            path.append(subtree(first + middle, size - middle))
            size = middle
        else:
            path.append(subtree(first, middle))
            first, size = first + middle, size - middle
    return path[::-1]


def consistency_path(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return PROOF(old, D[new]) (section 2.1.4.1): the tree of `old` leaves is where that of `new` began."""
    if not 0 <= old <= new:
        raise ValueError("the older tree is not the smaller one")
    if old in (0, new):
        return []
    path: list[bytes] = []
    first, size, whole = 0, new, True
    while old != first + size:
        middle = split(size)
        if old - first <= middle:
            path.append(subtree(first + middle, size - middle))
            size = middle
        else:
            path.append(subtree(first, middle))
            first, size, whole = first + middle, size - middle, False
    if not whole:
        path.append(subtree(first, size))
    return path[::-1]


def includes(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a path proves that a leaf stands at `index` in the tree (section 2.1.3.2)."""
    if not 0 <= index < size or any(len(each) != HASH_BYTES for each in (leaf, root, *path)):
        return False
    node, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = parent(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = parent(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(*, old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Tell whether a path proves that the older tree is where the newer one began (section 2.1.4.2).

    Nothing is proven of an empty tree: every tree begins with it.
    """
    if old == new:
        return old > 0 and not path and old_root == new_root
    if not 0 < old < new or any(len(each) != HASH_BYTES for each in (old_root, new_root, *path)):
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    return bool(steps) and _climb(steps, old, new) == (old_root, new_root)


def _climb(steps: Sequence[bytes], old: int, new: int) -> tuple[bytes, bytes] | None:
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = steps[0]
    for each in steps[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            older, newer = parent(each, older), parent(each, newer)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            newer = parent(newer, each)
        position, last = position >> 1, last >> 1
    return (older, newer) if last == 0 else None
