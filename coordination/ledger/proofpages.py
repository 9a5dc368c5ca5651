"""What the desk shows of the tree: checkpoints, how far they are anchored, and the proof of an entry."""

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from coordination.core.errors import NotFound
from coordination.core.rules import Records, Rule, holders
from coordination.ledger import proofs, selectors
from coordination.ledger.findings import counted
from coordination.ledger.models import Leaf

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Leaf]
else:
    _ModelAdmin = admin.ModelAdmin

PERMISSION = "ledger.view_leaf"
SHOWN = 30


class ProofPages(_ModelAdmin):
    """The pages beside the list of entries. Who may read entries may see them and take the proofs along."""

    def proof_rules(self) -> dict[str, dict[str, Rule]]:
        """Return who is let in, by route and verb."""
        return {
            "checkpoints": {"GET": holders(PERMISSION)},
            "checkpoint": {"GET": holders(PERMISSION)},
            "proof": {"GET": holders(PERMISSION, sees=PERMISSION, records=Records.ALL)},
        }

    def proof_urls(self) -> list[URLPattern]:
        """Return the routes."""
        return [
            path("checkpoints/", self._guarded(self.checkpoints), name="ledger_leaf_checkpoints"),
            path("checkpoint/", self._guarded(self.checkpoint), name="ledger_leaf_checkpoint"),
            path("<int:object_id>/proof/", self._guarded(self.proof, Http404), name="ledger_leaf_proof"),
        ]

    def checkpoints(self, request: HttpRequest) -> HttpResponse:
        """Show how far the ledger is signed and anchored, and the newest checkpoints."""
        try:
            keys = proofs.verifier_keys()
        except ImproperlyConfigured:
            keys = []
        newest = selectors.latest_checkpoints(SHOWN)
        covered = selectors.covered_by(newest)
        context = {
            **self.admin_site.each_context(request),
            "title": "Checkpoints",
            "opts": self.opts,
            "list_url": reverse("admin:ledger_leaf_changelist"),
            "standing": selectors.standing(),
            "newest": newest[0] if newest else None,
            "rows": [(each, covered.get(each.size)) for each in newest],
            "keys": keys,
        }
        return TemplateResponse(request, "ledger/checkpoints.html", context)

    def checkpoint(self, request: HttpRequest) -> HttpResponse:
        """Send the newest checkpoint as a file, to be kept where the database's owner cannot change it."""
        newest = selectors.latest_checkpoint()
        if newest is None:
            messages.error(request, "There is no checkpoint yet.")
            return HttpResponseRedirect(reverse("admin:ledger_leaf_checkpoints"))
        return _file(bytes(newest.note), f"checkpoint-{newest.size}.txt")

    def proof(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Send an entry's tlog-proof; lead back to the entry while no checkpoint covers it."""
        if not Leaf.objects.filter(pk=object_id).exists():
            raise Http404
        try:
            content = proofs.tlog_proof(object_id)
        except NotFound as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:ledger_leaf_change", args=[object_id]))
        return _file(content, f"entry-{object_id}.tlog-proof")

    @admin.display(description="proof")
    def proven(self, leaf: Leaf) -> str:
        """Say which checkpoint covers the entry and whether that is anchored, with the proof to download."""
        index = selectors.index_of(leaf.pk)
        checkpoint = selectors.checkpoint_covering(index) if index is not None else None
        if checkpoint is None:
            return "Not yet in a checkpoint; one is made every minute."
        stamps = selectors.anchors_of(checkpoint)
        anchored = f"anchored {stamps[0].stamped_at:%Y-%m-%d %H:%M:%S} UTC" if stamps else "not anchored"
        return format_html(
            'Place {} under the checkpoint of {}, {}. <a href="{}">Download the proof</a>',
            index,
            counted(checkpoint.size, "entries"),
            anchored,
            reverse("admin:ledger_leaf_proof", args=[leaf.pk]),
        )

    def _guarded(
        self, view: Callable[..., HttpResponse], refusal: type[Exception] = PermissionDenied
    ) -> Callable[..., HttpResponse]:
        def allowed(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if not self.has_view_permission(request):
                raise refusal
            return view(request, *arguments, **named)

        def wrapper(*arguments: Any, **named: Any) -> HttpResponse:
            answer: HttpResponse = self.admin_site.admin_view(require_safe(allowed))(*arguments, **named)
            return answer

        wrapper.model_admin = self  # type: ignore[attr-defined]
        return update_wrapper(wrapper, view)


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
