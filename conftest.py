"""What the tests of the application and of the in-tree plugins share."""

import gc

pytest_plugins = ["tests.database"]


def pytest_collection_finish() -> None:
    """Look for garbage seldom: what was imported stays, and walking over it is a twelfth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
