"""What kind of process a published row is about, by the words that platforms use."""

from collections.abc import Iterable
from dataclasses import dataclass

from coordination.core.errors import InvalidInput
from coordination.policy.workflow import Process


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A published type: what it is filed as, in turn, where something is disclosed and where nothing is."""

    disclosed: tuple[Process, ...]
    refused: tuple[Process, ...]

    @property
    def processes(self) -> frozenset[str]:
        """All that are counted as this type."""
        return frozenset({*self.disclosed, *self.refused})


def _same(*processes: Process) -> Kind:
    return Kind(disclosed=processes, refused=processes)


# What a foreign authority is given goes through a treaty; what it asks for directly is refused.
ABROAD = Kind(disclosed=(Process.MLAT,), refused=(Process.FOREIGN_REQUEST,))
# The first whose words all stand in the published name is meant.
_KINDS = (
    ({"cross-border"}, ABROAD),
    ({"civil", "subpoena"}, _same(Process.CIVIL_SUBPOENA)),
    ({"grand", "jury"}, _same(Process.GRAND_JURY_SUBPOENA)),
    ({"administrative"}, _same(Process.ADMINISTRATIVE_SUBPOENA)),
    ({"subpoena"}, _same(Process.GRAND_JURY_SUBPOENA, Process.ADMINISTRATIVE_SUBPOENA)),
    ({"warrant"}, _same(Process.SEARCH_WARRANT)),
    ({"order"}, _same(Process.COURT_ORDER)),
    ({"emergency"}, _same(Process.EMERGENCY)),
)


def kinds_of(published: Iterable[str]) -> dict[str, Kind]:
    """Return what published types are filed as; raise InvalidInput where two could not be told apart."""
    kinds = {each: kind_of(each) for each in published}
    known: dict[str, str] = {}
    for name, kind in kinds.items():
        for process in kind.processes:
            if known.setdefault(process, name) != name:
                raise InvalidInput(
                    "type",
                    f"{known[process]!r} and {name!r} would both be filed as {process.replace('_', ' ')}.",
                )
    return kinds


def kind_of(published: str) -> Kind:
    """Return what a published type is filed as; raise InvalidInput naming a type that nobody knows."""
    words = set(published.replace("/", " ").split())
    found = next((kind for needed, kind in _KINDS if needed <= words), None)
    if found is None:
        raise InvalidInput("type", f"No process here is what was published as {published!r}.")
    return found
