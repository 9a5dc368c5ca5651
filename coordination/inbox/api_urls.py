"""Routes below /api/v1/messages."""

from django.urls import path

from coordination.inbox import api

urlpatterns = [
    path("messages", api.Messages.as_view(), name="messages"),
    path("messages/<uuid:message_id>", api.OneMessage.as_view(), name="message"),
    path("messages/<uuid:message_id>/acknowledge", api.Acknowledge.as_view(), name="message-acknowledge"),
    path("messages/<uuid:message_id>/questions", api.Ask.as_view(), name="message-questions"),
    path("messages/<uuid:message_id>/outcome", api.ReportOutcome.as_view(), name="message-outcome"),
]
