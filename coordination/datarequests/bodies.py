"""The bodies in which an officer asks for data: exactly these fields, one form for each kind of process."""

import re
from datetime import date
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from coordination.core import clock
from coordination.datarequests.workflow import EmergencyKind, IdentifierKind
from coordination.policy.workflow import Process, ProcessData
from coordination.rest.serializers import StrictSerializer, TextField, TruthField, WordField

LONGEST: Final = 4_000
MOST_ACCOUNTS: Final = 100
FIRST, LAST = 1990, 2099
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@extend_schema_field({"type": "string", "format": "date"})
class DayField(serializers.DateField):
    """A day (RFC 3339, full-date) from 1990 to 2099; any other is refused."""

    default_error_messages = {"range": "A day from 1990 to 2099."}

    def to_internal_value(self, value: Any) -> date:
        """Return the day."""
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid", format="2026-03-06")
        day: date = super().to_internal_value(value)
        if not FIRST <= day.year <= LAST:
            self.fail("range")
        return day


@extend_schema_field({"type": "string", "format": "time-zone"})
class ZoneField(TextField):
    """The name of a time zone."""

    def to_internal_value(self, data: Any) -> str:
        """Return the name of a zone that there is."""
        name = super().to_internal_value(data)
        if name not in clock.zones():
            raise serializers.ValidationError("The zone's name, as in America/Denver.", code="invalid")
        return name


class AccountBody(StrictSerializer):
    """An account as the process names it."""

    kind = WordField(choices=list(IdentifierKind))
    value = TextField(max_length=200)


def _text(longest: int = LONGEST, *, needed: bool = False, about: str = "") -> TextField:
    return TextField(max_length=longest, required=needed, allow_blank=not needed, help_text=about)


class SuppliedBody(StrictSerializer):
    """What can be supplied later too, where it was missing. Everything may be left out."""

    authority = _text(200, about="Statute or rule.")
    signed_by = _text()
    signed_on = DayField(required=False, allow_null=True)
    addressed_to = _text(200, about="Our legal entity.")
    categories = serializers.ListField(
        child=WordField(choices=list(ProcessData)), required=False, max_length=len(ProcessData)
    )
    range_from = DayField(required=False, allow_null=True)
    range_until = DayField(required=False, allow_null=True, help_text="The last day, included.")
    accounts = AccountBody(many=True, required=False, max_length=MOST_ACCOUNTS)  # type: ignore[call-arg]
    court = _text(about="Court or authority, and its number there.")
    offence = _text()
    nexus = _text(about="What the accounts have to do with it.")
    return_on = DayField(required=False, allow_null=True, help_text="The process's own return date.")
    expires_on = DayField(required=False, allow_null=True, help_text="The last day on which it is in force.")
    non_disclosure = TruthField(required=False, help_text="Ordered not to tell the user.")
    non_disclosure_until = DayField(required=False, allow_null=True)
    is_sealed = TruthField(required=False, help_text="The court's file is under seal.")


class ProcessBody(SuppliedBody):
    """A request under a process of a court or an authority."""

    process = WordField(choices=[each.value for each in Process if each is not Process.EMERGENCY])
    zone = ZoneField(max_length=60, help_text="The time zone of its dates by name: America/Denver.")


class GroundsBody(StrictSerializer):
    """What an emergency request states, each by itself."""

    officer_name = _text(200, needed=True)
    officer_rank = _text(200, needed=True)
    officer_badge = _text(200, needed=True)
    agency_address = _text(500, needed=True)
    agency_domain = _text(200, needed=True)
    agency_phone = _text(100, needed=True, about="As you say. We call the number that we have.")
    is_sworn = TruthField()
    person_in_danger = _text(needed=True)
    nature = _text(needed=True)
    since_when = _text(needed=True)
    data_and_why = _text(needed=True, about="Which data, and why it averts harm.")
    why_not_process = _text(needed=True, about="Why ordinary process is too slow.")


class EmergencyBody(StrictSerializer):
    """An emergency disclosure request: somebody is in danger, and each ground says so by itself."""

    process = WordField(choices=[Process.EMERGENCY.value])
    zone = ZoneField(max_length=60, help_text="The time zone of its dates by name: America/Denver.")
    emergency_kind = WordField(choices=list(EmergencyKind))
    grounds = GroundsBody()
    authority = _text(200, about="Statute or rule.")
    signed_by = _text()
    signed_on = DayField(required=False, allow_null=True)
    addressed_to = _text(200, about="Our legal entity.")
    categories = serializers.ListField(
        child=WordField(choices=list(ProcessData)), required=False, max_length=len(ProcessData)
    )
    range_from = DayField(required=False, allow_null=True)
    range_until = DayField(required=False, allow_null=True, help_text="The last day, included.")
    accounts = AccountBody(many=True, required=False, max_length=MOST_ACCOUNTS)  # type: ignore[call-arg]


class SuppliedGroundsBody(StrictSerializer):
    """Grounds of an emergency that were missing: what is left out stays as it was said."""

    officer_name = _text(200)
    officer_rank = _text(200)
    officer_badge = _text(200)
    agency_address = _text(500)
    agency_domain = _text(200)
    agency_phone = _text(100)
    is_sworn = TruthField(required=False)
    person_in_danger = _text()
    nature = _text()
    since_when = _text()
    data_and_why = _text()
    why_not_process = _text()


class AmendBody(SuppliedBody):
    """What a returned request lacked."""

    grounds = SuppliedGroundsBody(required=False)


class ReasonBody(StrictSerializer):
    """Why."""

    reason = _text(2_000, needed=True)


class ExtendBody(StrictSerializer):
    """A later return date, and who moved it."""

    return_on = DayField()
    because = _text(2_000, needed=True, about="Who extended it, and how.")


class Letter(serializers.Serializer[Any]):
    """The newest deficiency letter."""

    filename = serializers.CharField()
    media_type = serializers.CharField()
    sha256 = serializers.CharField()
    content_base64 = serializers.CharField()


class Receipt(serializers.Serializer[Any]):
    """That it came in: a number, and no more before we called back."""

    reference = serializers.CharField()
    received_at = serializers.DateTimeField(source="filed_at")


class RequestRow(serializers.Serializer[Any]):
    """One data request of your agency."""

    reference = serializers.CharField()
    process = serializers.CharField()
    priority = serializers.CharField(help_text="P0 is danger to life; otherwise normal.")
    received_at = serializers.DateTimeField()
    state = serializers.CharField(
        help_text="received, under_review, returned, narrowed, accepted, produced, delivered, acknowledged, "
        "rejected, withdrawn, objected, quashed or closed."
    )
    due_at = serializers.DateTimeField(allow_null=True, help_text="Once your agency confirmed the request.")
    process_attached = serializers.BooleanField(help_text="Whether the process itself is here.")
    closure = serializers.CharField(help_text="How it ended; empty while it has not.")
    closed_at = serializers.DateTimeField(allow_null=True)


class LackingRow(serializers.Serializer[Any]):
    """One thing that the request lacked when it was looked at."""

    code = serializers.CharField()
    title = serializers.CharField()
    citation = serializers.CharField()
    supply = serializers.CharField(help_text="What to supply.")
    asked_at = serializers.DateTimeField()
    mended_at = serializers.DateTimeField(allow_null=True)


class RequestWhole(RequestRow):
    """One data request with what it lacks."""

    deficiencies = LackingRow(many=True)


class Attached(serializers.Serializer[Any]):
    """That we have the process, and as what."""

    reference = serializers.CharField()
    sha256 = serializers.CharField()
    media_type = serializers.CharField(help_text="By its content, whatever was said.")
