"""Named accounts are found again after the key of the blind indexes was replaced."""

import base64
import secrets
from typing import Any

from coordination.datarequests import services
from coordination.datarequests.models import NamedAccount
from coordination.datarequests.services.naming import index_of
from tests.datarequests.conftest import MINE, File


def test_named_accounts_are_indexed_anew(collecting: File, settings: Any) -> None:
    collecting()
    settings.BLIND_INDEX_KEY = base64.b64encode(secrets.token_bytes(32)).decode()
    looked = services.reindex_named_accounts(after=None, most=10, change=False)
    done = services.reindex_named_accounts(after=None, most=10, change=True)
    assert (looked.found, done.found, done.stuck) == (1, 1, ())
    account = NamedAccount.objects.get()
    assert bytes(account.index) == index_of(*MINE)
    assert services.reindex_named_accounts(after=None, most=10, change=True).found == 0
