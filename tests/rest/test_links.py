"""Links to download by: bound to one thing and one caller, five minutes at most."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.models import ApiToken, User
from coordination.access.sessionstore import SessionStore
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, NotPermitted
from coordination.rest import links
from tests.people import Cast
from tests.rest.conftest import ClientFor

FILE = "/api/v1/files/7"


@pytest.fixture
def link(api: APIClient) -> str:
    return str(api.get(FILE).json()["link"])


def _status(client: APIClient, link: str, path: str = FILE) -> int:
    return int(client.get(path, {"link": link}).status_code)


def test_idr_05_a_link_opens_its_thing_for_its_caller(api: APIClient, link: str) -> None:
    assert _status(api, link) == 200


def test_idr_05_a_link_opens_nothing_for_another_caller(
    link: str, police_officer: User, cast: Cast, client_for: ClientFor
) -> None:
    assert _status(client_for(cast("officer", username="other")), link) == 404
    # Nor for another token of the same person, and not without one.
    assert _status(client_for(police_officer), link) == 404
    assert _status(APIClient(), link) == 401


def test_idr_05_a_link_ends_with_its_token(api: APIClient, link: str) -> None:
    access.revoke_token(ApiToken.objects.get(), by=None, reason="Their laptop was stolen.")
    assert _status(api, link) == 401


def test_idr_05_a_link_lasts_five_minutes_and_no_more(api: APIClient) -> None:
    now = clock.now()
    with clock.frozen(now):
        link = api.get(FILE).json()["link"]
    with clock.frozen(now + timedelta(minutes=4, seconds=58)):
        assert _status(api, link) == 200
    with clock.frozen(now + timedelta(minutes=5)):
        assert _status(api, link) == 404


def test_idr_05_a_link_to_one_thing_opens_no_other(api: APIClient, link: str) -> None:
    assert _status(api, link, "/api/v1/files/8") == 404


@pytest.mark.parametrize("place", [0, 5, -1])
def test_idr_05_a_changed_link_opens_nothing(api: APIClient, link: str, place: int) -> None:
    letter = "A" if link[place] != "A" else "B"
    changed = link[:place] + letter + (link[place + 1 :] if place != -1 else "")
    assert _status(api, changed) == 404


def _on_the_desk(rf: RequestFactory, user: Any) -> Any:
    request = rf.get("/")
    request.session = SessionStore()
    request.session.create()
    request.user = user
    return request


def test_idr_05_on_the_desk_a_link_is_bound_to_the_session(rf: RequestFactory, counsel: User) -> None:
    first, second = _on_the_desk(rf, counsel), _on_the_desk(rf, counsel)
    link = links.make("file:7", request=first)
    links.check(link, "file:7", request=first)
    with pytest.raises(NotFound):
        links.check(link, "file:7", request=second)
    with pytest.raises(NotPermitted):
        links.make("file:7", request=_on_the_desk(rf, AnonymousUser()))


def test_nobody_makes_a_link_that_lasts_longer(rf: RequestFactory, counsel: User) -> None:
    for lasts in (timedelta(minutes=5, seconds=1), timedelta(0)):
        with pytest.raises(InvalidInput):
            links.make("file:7", request=_on_the_desk(rf, counsel), lasts=lasts)
