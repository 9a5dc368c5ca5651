"""Model fields whose column is ciphertext. They can be written and read, never searched."""

import json
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from coordination.core import sealing

if TYPE_CHECKING:
    _TextBase = models.TextField[str, str]
    _AnyBase = models.TextField[Any, Any]
    _BytesBase = models.BinaryField[bytes, bytes]
else:
    _TextBase = _AnyBase = models.TextField
    _BytesBase = models.BinaryField


class SealedField(models.Field):  # type: ignore[type-arg]
    """What sealed columns share: bytea in the database, sealed for their table and column."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002
        """Return PostgreSQL's type for bytes."""
        return "bytea"

    def get_internal_type(self) -> str:
        """Return a name of our own, so that nothing takes the column for text."""
        return "SealedField"

    def _context(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"  # noqa: SLF001 - documented model API

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002
        """Seal a value on its way in."""
        if value is None or isinstance(value, Expression):
            return value
        return sealing.ring().seal(self._to_bytes(value), context=self._context())

    def from_db_value(self, value: Any, expression: Expression, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        """Open a value on its way out; raise SealBroken where it does not open."""
        if value is None:
            return None
        return self._from_bytes(sealing.ring().open(bytes(value), context=self._context()))

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull` alone: two seals of one value differ, so a comparison would be silently false."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else self._refuse(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        """Refuse every transform."""
        self._refuse(lookup_name)

    def _refuse(self, lookup_name: str) -> NoReturn:
        raise FieldError(
            f"{self.name} is sealed and cannot be searched ({lookup_name}); "
            "keep a blind index beside it for exact match."
        )

    def _to_bytes(self, value: Any) -> bytes:
        return str(value).encode()

    def _from_bytes(self, plain: bytes) -> Any:
        return plain.decode()


class SealedTextField(SealedField, _TextBase):
    """Text, sealed. `str` in Python, a text area in forms."""


class SealedBytesField(SealedField, _BytesBase):
    """Bytes, sealed. Not for forms."""

    empty_values = [None, b""]

    def _to_bytes(self, value: Any) -> bytes:
        return bytes(value)

    def _from_bytes(self, plain: bytes) -> Any:
        return plain


class SealedJSONField(SealedField, _AnyBase):
    """Any JSON value, sealed; None is NULL."""

    def _to_bytes(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()

    def _from_bytes(self, plain: bytes) -> Any:
        return json.loads(plain)

    def to_python(self, value: Any) -> Any:
        """Return the value as it is; text in fixtures and forms is JSON."""
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Return the value as it is: the text field would turn a map into its Python spelling."""
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        """Return the value itself for fixtures, which are JSON anyway."""
        return self.value_from_object(obj)

    def formfield(self, **kwargs: Any) -> Any:
        """Return a form field for JSON."""
        from django import forms

        return forms.JSONField(
            required=not self.blank,
            label=str(self.verbose_name).capitalize(),
            help_text=self.help_text,
            **kwargs,
        )
