"""Named accounts are found again after the key of the blind indexes was replaced."""

import base64
import secrets
from typing import Any

import pytest

from coordination.access.services import User
from coordination.core.errors import Conflict
from coordination.datarequests import services
from coordination.datarequests.models import NamedAccount
from coordination.datarequests.services.naming import index_of
from tests.datarequests.conftest import MINE, File, first_account, fresh


def test_named_accounts_are_indexed_anew(collecting: File, settings: Any) -> None:
    collecting()
    settings.BLIND_INDEX_KEY = base64.b64encode(secrets.token_bytes(32)).decode()
    looked = services.reindex_named_accounts(after=None, most=10, change=False)
    done = services.reindex_named_accounts(after=None, most=10, change=True)
    assert (looked.found, done.found, done.stuck) == (1, 1, ())
    account = NamedAccount.objects.get()
    assert bytes(account.index) == index_of(*MINE)
    assert services.reindex_named_accounts(after=None, most=10, change=True).found == 0


def test_what_is_kept_for_an_authority_is_indexed_anew_and_found_all_the_while(
    accepted: File, custodian: User, settings: Any
) -> None:
    first, again = (accepted(process="preservation", categories=[]) for _ in range(2))
    for request in (first, again):
        services.offer_candidates(first_account(request), by=custodian, candidates=["acct-7731"])
    services.preserve_accounts(first, by=custodian)
    settings.BLIND_INDEX_OLD_KEY = settings.BLIND_INDEX_KEY
    settings.BLIND_INDEX_KEY = base64.b64encode(secrets.token_bytes(32)).decode()
    with pytest.raises(Conflict, match="kept for that agency already"):
        services.preserve_accounts(fresh(again), by=custodian)
    done = services.reindex_preservations(after=None, most=10, change=True)
    assert (done.found, services.reindex_preservations(after=None, most=10, change=True).found) == (1, 0)
    settings.BLIND_INDEX_OLD_KEY = ""
    services.reindex_named_accounts(after=None, most=10, change=True)
    with pytest.raises(Conflict, match="kept for that agency already"):
        services.preserve_accounts(fresh(again), by=custodian)
