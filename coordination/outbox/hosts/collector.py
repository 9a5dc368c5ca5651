"""The garbage collector, in a process that lives long and makes many small objects."""

import gc
from typing import Final

YOUNG: Final = 20_000


def rest() -> None:
    """Leave what was loaded at the start alone, and look at new objects after 20,000 instead of 700.

    A batch makes tens of thousands of objects and no cycles; looking each time cost a tenth of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
