"""Routes below /api/v1/requests."""

from django.urls import path

from coordination.datarequests import api, courseapi

urlpatterns = [
    path("requests", api.Requests.as_view(), name="requests"),
    path("requests/<slug:reference>", api.OneRequest.as_view(), name="request"),
    path("requests/<slug:reference>/process", api.ProcessItself.as_view(), name="request-process"),
    path("requests/<slug:reference>/amend", courseapi.Amend.as_view(), name="request-amend"),
    path("requests/<slug:reference>/withdraw", courseapi.Withdraw.as_view(), name="request-withdraw"),
    path("requests/<slug:reference>/extend", courseapi.Extend.as_view(), name="request-extend"),
    path("requests/<slug:reference>/object", courseapi.Object.as_view(), name="request-object"),
    path("requests/<slug:reference>/letter", courseapi.LetterOfDeficiency.as_view(), name="request-letter"),
]
