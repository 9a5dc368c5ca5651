"""The link in a message: with its code, a person says that they have it, without signing in, once.

What is kept is a digest of 256 random bits and a keyed digest of the code. The link alone does nothing: mail
scanners follow links and send forms. Both together say "somebody has it" for the person the message went to,
and show nothing.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from coordination.access.services import User
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.oncall import selectors
from coordination.oncall.models import Page, PageLink
from coordination.oncall.services.paging import answer
from coordination.oncall.workflow import Answered, PageState

LIVES: Final = timedelta(hours=2)
MOST_WRONG: Final = 5
CODE_DIGITS: Final = 6


@transaction.atomic
def make_link(person: User, *, pages: Iterable[Page]) -> tuple[str, str]:
    """Return the address of a new link for one person, and its code."""
    plain, code = secrets.token_urlsafe(32), new_code()
    now = clock.now()
    link = PageLink.objects.create(
        person=person,
        digest=digest_of(plain),
        code_digest=keyed(plain, code),
        made_at=now,
        until=now + LIVES,
    )
    link.pages.set(pages)
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('page')}#{plain}", code


@transaction.atomic
def answer_by_link(plain: str, *, code: str) -> bool:
    """Answer the pages of a link for the person it was sent to; tell whether link and code opened it.

    A link that is unknown, used, expired, or had too many wrong codes answers alike: False.
    """
    locked = PageLink.objects.select_for_update(of=("self",)).select_related("person")
    link = locked.filter(digest=digest_of(plain)).first()
    if link is None or not _is_open(link, clock.now()):
        return False
    if not constant_time_compare(link.code_digest, keyed(plain, "".join(code.split()))):
        link.wrong_codes += 1
        link.save(update_fields=["wrong_codes"])
        if link.wrong_codes >= MOST_WRONG:
            ledger.record("oncall.link_closed", subject=f"user:{link.person_id}", by=None)
        return False
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    climbing = link.pages.filter(state=PageState.PAGING).order_by("pk")
    # What they could not do any more, others are asked for.
    able = [page for page in climbing if selectors.may_answer(link.person, page)]
    for page in able:
        answer(page, by=link.person, how=Answered.LINK)
    return bool(able) or not climbing


@transaction.atomic
def forget_links(before: datetime) -> int:
    """Delete the links that ended before a moment; return how many."""
    doomed = PageLink.objects.filter(until__lt=before)
    gone, _ = doomed.delete()
    return gone


def new_code() -> str:
    """Return a code that is read off one screen and typed into another."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def digest_of(plain: str) -> str:
    """Return what is kept of a link."""
    return hashlib.sha256(plain.encode()).hexdigest()


def keyed(about: str, code: str) -> str:
    """Return what is kept of a code: of so few digits a plain digest would be the code."""
    return salted_hmac("coordination.oncall.code", f"{about}:{code}", algorithm="sha256").hexdigest()


def _is_open(link: PageLink, now: datetime) -> bool:
    # Made in the future: the clock was set back since, and nobody knows how old it is.
    in_time = link.made_at - timedelta(minutes=1) <= now < link.until
    return in_time and link.used_at is None and link.wrong_codes < MOST_WRONG and link.person.is_active
