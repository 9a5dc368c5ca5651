"""Clients of the small API, with tokens."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.models import User
from tests.rest import small_api


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=small_api.__name__):
        yield


ClientFor = Callable[..., APIClient]


@pytest.fixture
def client_for() -> ClientFor:
    """A client that carries a token of a person: `client_for(user, "read", "respond")`."""

    def make(user: User, *scopes: str) -> APIClient:
        _, plain = access.issue_token(
            user, by=None, name="test", scopes=scopes or ["read", "respond"], expires_in=timedelta(days=1)
        )
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return client

    return make


@pytest.fixture
def api(client_for: ClientFor, police_officer: User) -> APIClient:
    return client_for(police_officer)
