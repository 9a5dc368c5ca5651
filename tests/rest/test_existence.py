"""The rank test by which benchmarks.existence tells whether time tells."""

import random

import pytest

from benchmarks.existence import rank_test


def test_the_rank_test_is_mann_and_whitneys() -> None:
    # U = 0, mean 4.5, variance 3 * 3 * 7 / 12: z = 1.9640, two-sided.
    assert rank_test([1, 2, 3], [4, 5, 6]) == pytest.approx(0.04953, abs=1e-5)
    # Ties: ranks 1.5, 1.5 and 3.5, 3.5; U = 1; variance 4 / 12 * (5 - 12 / 12).
    assert rank_test([1, 2], [1, 2]) == pytest.approx(1.0)
    assert rank_test([1, 1], [2, 2]) == pytest.approx(0.0833, abs=1e-4)


def test_equal_samples_tell_nothing_and_a_small_shift_is_seen() -> None:
    seed = random.Random(5)
    first = [seed.gauss(10, 1) for _ in range(2000)]
    second = [seed.gauss(10, 1) for _ in range(2000)]
    assert rank_test(first, second) > 0.01
    assert rank_test(first, [value + 0.2 for value in second]) < 0.001
    assert rank_test([1.0] * 5, [1.0] * 5) == 1.0
