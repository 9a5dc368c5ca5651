"""Routes below /api/v1/restrictions."""

from django.urls import path

from coordination.restrictions import api

urlpatterns = [
    path("restrictions/in-force", api.InForce.as_view(), name="restrictions-in-force"),
    path("restrictions/appeals", api.Appeals.as_view(), name="restrictions-appeals"),
]
