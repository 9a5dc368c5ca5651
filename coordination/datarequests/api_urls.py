"""Routes below /api/v1/requests."""

from django.urls import path

from coordination.datarequests import api

urlpatterns = [
    path("requests", api.Requests.as_view(), name="requests"),
    path("requests/<slug:reference>", api.OneRequest.as_view(), name="request"),
    path("requests/<slug:reference>/process", api.ProcessItself.as_view(), name="request-process"),
]
