"""What the demo says while it runs: plain sentences, each with the time since the start."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


class StoryFailed(Exception):
    """A part of the demo did not work; the message names the part and what happened."""


class RunsAlready(Exception):
    """Another demo has this database, its ports and its secrets; the message names its process."""


@dataclass
class Teller:
    """Says what happens. `part` names what is under way, so that a failure can be told by name."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    began: float = field(default_factory=time.monotonic)
    part: str = "start"

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def say(self, sentence: str) -> None:
        """Say one sentence."""
        print(f"{self.seconds:6.1f} s  {sentence}", file=self.out, flush=True)

    def plain(self, text: str = "") -> None:
        """Say something without the time."""
        print(text, file=self.out, flush=True)

    @contextmanager
    def doing(self, part: str, sentence: str) -> Iterator[None]:
        """Say what is about to be done; where it fails, say which part it was."""
        self.part = part
        self.say(sentence)
        try:
            yield
        except StoryFailed:
            raise
        except Exception as error:
            raise StoryFailed(f"{part}: {type(error).__name__}: {error}") from error
