"""The watchdog: a process of its own that asks whether the machinery lives, and says so where it does not."""
