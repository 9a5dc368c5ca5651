"""What somebody was sending when their session was over: kept for them alone, and never sent without them.

It lies in the session at the server, whose rows are sealed (sessiondata.py), and nowhere in the browser. Each
page of the desk carries a mark of the person it was made for (static/access/idle.js), so that what comes
from a page of somebody who is signed in no more is known to be theirs. They see it after they have signed in
again and shown their factor; somebody else who signs in there does not, and it is gone.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from coordination.access import stepup
from coordination.access.structure import label
from coordination.core import clock

PERSON, SENT = "confirm-person", "confirm-kept"
KEEP, DISCARD = "keep", "discard"
KEY = "kept_form"
FOR = timedelta(hours=4)
LARGEST = 200_000  # characters
DESK = "/admin/"
_LONG = 60
_TICKED = "on"  # what a browser sends of a box
# These say which row or which bytes are meant; nobody writes them.
_BEHIND = ("target", "digest")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A form as it was posted: where to, by whom (primary key), when (ISO 8601), and its fields in order."""

    path: str
    person: int
    at: str
    fields: list[list[str]]


def mark(user: Any) -> str:
    """Return what a page says of whom it was made for: signed, and of use nowhere else."""
    return _signer().sign(str(user.pk))


def keep(request: HttpRequest) -> bool:
    """Keep what was posted from a page of the desk, files aside; return whether it was: not without end."""
    person = _of_whom(request)
    fields = [
        [name, str(value)]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and not name.startswith("confirm-") and "password" not in name
        for value in values
    ]
    if person is None or not fields or sum(len(value) for _, value in fields) > LARGEST:
        return False
    form = Kept(
        path=request.get_full_path(),
        person=person,
        at=clock.now().isoformat(timespec="seconds"),
        fields=fields,
    )
    request.session[KEY] = asdict(form)
    return True


def answer(request: HttpRequest) -> HttpResponse | None:
    """Answer somebody who is signed in where it is about what was kept; None where the view is to answer."""
    if request.method == "POST":
        return _posted(request)
    form = _waiting(request)
    if form is None or form.path != request.get_full_path() or request.method != "GET":
        return None
    return _page(request, form)


def only_keeps(request: HttpRequest) -> bool:
    """Tell whether a page that hid itself hands over what stood in it, to be done nothing with."""
    return request.method == "POST" and request.POST.get(stepup.RESUME) == KEEP


def back_to_page(request: HttpRequest) -> HttpResponseRedirect:
    """Keep it, and ask for the page as a page that shows nothing asks."""
    keep(request)
    return HttpResponseRedirect(request.get_full_path())


def _posted(request: HttpRequest) -> HttpResponse | None:
    if only_keeps(request):
        return back_to_page(request)
    if request.POST.get(stepup.RESUME) == DISCARD:
        request.session.pop(KEY, None)
        return HttpResponseRedirect(request.get_full_path())
    if SENT in request.POST:
        request.session.pop(KEY, None)
    return None


def _waiting(request: HttpRequest) -> Kept | None:
    found = request.session.get(KEY)
    if found is None:
        return None
    form = Kept(**found)
    if form.person != request.user.pk or clock.now() - datetime.fromisoformat(form.at) > FOR:
        del request.session[KEY]
        return None
    return form


def _page(request: HttpRequest, form: Kept) -> TemplateResponse:
    rows = [
        {
            "name": name,
            "label": label(name),
            "value": value,
            "long": len(value) > _LONG or "\n" in value,
            "ticked": value == _TICKED,
        }
        for name, value in form.fields
    ]
    context = {
        "written": [row for row in rows if not str(row["name"]).startswith(_BEHIND)],
        "behind": [row for row in rows if str(row["name"]).startswith(_BEHIND)],
        "at": datetime.fromisoformat(form.at),
        "path": form.path,
    }
    shown = TemplateResponse(request, "access/kept_form.html", context)
    shown["Cache-Control"] = "no-store"
    return shown


def _of_whom(request: HttpRequest) -> int | None:
    """Return whose page it came from; None where that is not the desk's, or not the page of who is here."""
    if not request.path.startswith(DESK):
        return None
    try:
        person = int(_signer().unsign(request.POST.get(PERSON, ""), max_age=settings.LONGEST_SESSION + FOR))
    except (BadSignature, ValueError):
        return None
    here = request.user
    return person if not here.is_authenticated or here.pk == person else None


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="access.kept")
