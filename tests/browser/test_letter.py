"""A letter as a PDF is shown as it left, in a frame in which nothing can act."""

from datetime import date
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import LetterBody
from coordination.outbox import hosts, services
from coordination.partners import services as partners
from coordination.partners.services import Agency
from tests.browser.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_frozen_letter_is_shown_in_a_locked_frame(
    desk: Desk, case: Case, agency: Agency, liaison: User, counsel: User
) -> None:
    destination = partners.add_destination(
        agency,
        by=None,
        title="Letters",
        channel="counsel_email",
        config={"recipient": "counsel@firm.example"},
        how_known="Engagement letter.",
        checked_on=date(2026, 2, 3),
    )
    body = LetterBody(
        subject_line="Hold", salutation="Dear counsel,", paragraphs=("Please.",), signed_by="R."
    )
    message = services.prepare(
        case,
        kind="letter",
        reference="R-1",
        origin="tests.letter:1",
        destination=destination,
        body=body,
        by=liaison,
        lane="normal",
    )
    delivery = services.approve(message, digest=message.digest, by=counsel)
    page = desk(counsel)
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer) if "/frozen/" in answer.url else None)
    page.goto(f"/admin/outbox/delivery/{delivery.pk}/change/")
    page.wait_for_selector("iframe")
    page.wait_for_timeout(300)
    assert answers[0].status == 200
    assert answers[0].headers["content-type"] == "application/pdf"
    hosts.pool().close()
    hosts.pool.cache_clear()
