"""Fields that take what they are given or refuse it: nothing is converted, nothing unknown is passed over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from coordination.core import clock
from coordination.core.errors import InvalidInput


class StrictSerializer(serializers.Serializer[Any]):
    """A body of exactly these fields: one that it does not have is an error, not noise.

    A caller who sends `state` or `agency` means something by it, and must learn that it has no effect.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields, then read as REST framework does."""
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no such field."] for name in unknown}, code="unknown"
                )
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text that came as text: a number or a boolean is none."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text as it is."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WordField(serializers.ChoiceField):
    """One word of a list, as text."""

    def to_internal_value(self, data: Any) -> str:
        """Return the word, or say which there are."""
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"One of {', '.join(map(str, self.choices))}.", code="invalid")
        return str(data)


class TruthField(serializers.BooleanField):
    """True or false, and no word for it."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean as it is."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NumberField(serializers.FloatField):
    """A number that came as a number."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number as it is."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """A time with a zone (RFC 3339) from 1990 to tomorrow; any other is refused."""

    default_error_messages = {"zone": "A time needs a zone.", "range": "A time from 1990 to tomorrow."}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time as given, its own offset kept."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None:
            self.fail("invalid", format="2026-03-06T23:12:00-07:00")
        if moment.tzinfo is None:
            self.fail("zone")
        try:
            return clock.plausible(self.field_name or "", moment)
        except InvalidInput:
            self.fail("range")
