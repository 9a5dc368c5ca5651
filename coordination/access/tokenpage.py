"""The one page that shows a token's plain text, for every page of the desk that issues one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access.models import ApiToken
from coordination.access.recordadmin import Done


def issued(request: HttpRequest, token: ApiToken, plain: str) -> Done:
    """Keep a token's plain text for the answer to this request, and nowhere else."""
    request.issued_token = (token, plain)  # type: ignore[attr-defined]
    return Done(f"Token {token.reference} is issued.")


def shown_once(page: Any, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Return the page with the plain text where `request` issued a token, `answer` where it did not."""
    found = getattr(request, "issued_token", None)
    if found is None:
        return answer
    token, plain = found
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": f"Token {token.reference}",
        "list_url": reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist"),
        "token": token,
        "plain": plain,
        "record_url": answer.headers.get("Location", ""),
    }
    shown = TemplateResponse(request, "access/token.html", context)
    shown["Cache-Control"] = "no-store"
    return shown
