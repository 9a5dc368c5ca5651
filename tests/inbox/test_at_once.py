"""A partner who sends the same thing twice at once is heard once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from coordination.core.errors import Conflict
from coordination.inbox import services
from coordination.inbox.models import InboundMessage
from coordination.outbox import selectors as outbox
from coordination.outbox.services import Message
from coordination.partners.services import Agency

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


@pytest.mark.parametrize("same", [True, False])
def test_four_calls_at_once_have_one_effect(agency: Agency, sent: Message, same: bool) -> None:
    together = Barrier(AT_ONCE)

    def call(number: int) -> str:
        try:
            together.wait(10)
            _, created = services.accept(
                agency=agency,
                external_id="their-1",
                kind="acknowledgement",
                message_id=sent.pk,
                payload={"reference": "HC-26-4471" if same else f"HC-{number}"},
                way="api",
            )
        except Conflict:
            return "conflict"
        else:
            return "created" if created else "known"
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = sorted(pool.map(call, range(AT_ONCE)))
    others = "known" if same else "conflict"
    assert answers == sorted(["created", *[others] * (AT_ONCE - 1)])
    assert InboundMessage.objects.count() == 1
    delivery = outbox.delivery_of(sent)
    assert delivery is not None
    assert outbox.receipts_of(delivery).count() == 2  # accepted when it was sent, acknowledged once
