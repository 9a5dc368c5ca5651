"""The custody schedule as PDF, in parts of LINES lines: a schedule of 5,000 fits in bounded memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from coordination.cases.packages.contents import Event, Item
from coordination.documents import render_pdf

LINES: Final = 250


def parts(
    case_reference: str,
    items: Sequence[Item],
    events: Iterator[Event],
    *,
    total: int,
    at: datetime,
    numbers_of: str = "",
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each part; `events` are read as they are needed.

    Where people stand there by role and number (coordination.cases.packages.naming), `numbers_of` names the
    platform whose people they are.
    """
    count = max(1, -(-total // LINES))
    for number in range(1, count + 1):
        lines = [event for _, event in zip(range(LINES), events, strict=False)]
        yield (
            f"custody/part-{number:03d}.pdf",
            render_pdf(
                "cases/packages/custody.html",
                {
                    "title": f"Custody schedule of case {case_reference}",
                    "case": case_reference,
                    "part": number,
                    "parts": count,
                    "first": lines[0].line if lines else 0,
                    "last": lines[-1].line if lines else 0,
                    "total": total,
                    "exhibits": items if number == 1 else (),
                    "events": lines,
                    "numbers_of": numbers_of,
                    "created_at": at,
                },
            ),
        )
