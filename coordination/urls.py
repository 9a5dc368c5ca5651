"""Where each address leads."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from coordination.core.rules import anybody, declares
from coordination.desk.watching.alive import alive
from coordination.inbox.views import inbound
from coordination.oncall.ownways import ways
from coordination.oncall.views import page
from coordination.rest.openapi import Document
from coordination.rest.views import api_not_found

api: list[URLPattern | URLResolver] = [
    path("", include("coordination.inbox.api_urls")),
    path("", include("coordination.triage.api_urls")),
    path("", include("coordination.restrictions.api_urls")),
    path("", include("coordination.datarequests.api_urls")),
    path("schema", Document.as_view(), name="schema"),
]

home = declares(GET=anybody("Leads to the desk's door."))(
    RedirectView.as_view(pattern_name="admin:index", http_method_names=["get", "head"])
)

urlpatterns = [
    path("", home, name="root"),
    path("admin/", admin.site.urls),
    path("account/ways/", ways, name="own_ways"),
    path("account/", include("coordination.access.urls")),
    path("api/v1/", include((api, "api"))),
    re_path(r"^api/", api_not_found),
    path("inbound/<uuid:inbound_id>/", inbound, name="inbound"),
    path("health/alive", alive, name="alive"),
    path("page/", page, name="page"),
]

handler400 = "coordination.rest.views.bad_request"
handler404 = "coordination.rest.views.not_found"
handler500 = "coordination.rest.views.server_error"
