"""Routes below /api/v1/flags."""

from django.urls import path

from coordination.triage import api

urlpatterns = [
    path("flags", api.Flags.as_view(), name="flags"),
    path("flags/batch", api.FlagBatch.as_view(), name="flags_batch"),
]
