"""No exhibit is shown, copied or released while that could not be recorded."""

import pytest
from django.test import Client

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.evidence import selectors, services
from coordination.evidence.models import Exhibit
from coordination.ledger.services import LedgerUnwritable
from tests.doors import SignIn
from tests.evidence.test_admin import EXHIBITS, do_to
from tests.exhibits import PHOTO_TEXT, WHY
from tests.outage import Unwritable


@pytest.fixture
def desk(sign_in: SignIn, liaison: User) -> Client:
    return sign_in(liaison)


def test_an_exhibit_is_not_opened_nor_sent_to_who_opened_it_before(
    desk: Client, exhibit: Exhibit, unwritable: Unwritable
) -> None:
    content = f"{EXHIBITS}{exhibit.reference}/content/"
    with unwritable():
        do_to(desk, exhibit, "open", why=WHY)
        assert desk.get(content).status_code == 302
    assert not selectors.custody_of(exhibit).filter(act="viewed").exists()
    do_to(desk, exhibit, "open", why=WHY)
    with unwritable():
        assert desk.get(content).status_code == 302
        answer = desk.get(f"{EXHIBITS}{exhibit.reference}/change/")
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert "nothing is shown, sent or changed" in answer.content.decode()
    answer = desk.get(content)
    assert b"".join(answer.streaming_content) == PHOTO_TEXT  # type: ignore[attr-defined]


def test_nothing_is_viewed_copied_or_released(
    exhibit: Exhibit, case: Case, liaison: User, counsel: User, unwritable: Unwritable
) -> None:
    with unwritable():
        for deed in (services.view, services.copy_out):
            with pytest.raises(LedgerUnwritable):
                deed(exhibit, by=liaison, why=WHY)
        with pytest.raises(LedgerUnwritable):
            services.release(
                case.reference, references=[exhibit.reference], by=counsel, recipient="Court", why=WHY
            )
    assert [each.act for each in selectors.custody_of(exhibit)] == ["taken_in"]
    assert b"".join(services.copy_out(exhibit, by=liaison, why=WHY)) == PHOTO_TEXT
