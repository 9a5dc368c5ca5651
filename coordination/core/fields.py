"""Model fields whose column is ciphertext. They can be written and read, never searched.

A value is sealed for its table, its column and its row (the primary key), so that nobody who writes to the
database can move it: not to another column, not to another row. Therefore

- a new row gets its number before it is inserted (RowId, which settings.DEFAULT_AUTO_FIELD names);
- values are written by saving the instance; QuerySet.update() does not know the row and is refused;
- a SELECT puts the row's key before the value, so that no way of reading goes round the check.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django.core.exceptions import FieldError
from django.db import connections, models, router
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


# What Django compiles a column to: "table"."column", or T3."column" where a table is met again.
_COLUMN = re.compile(r'("(?:[^"]|"")+"|[A-Z]+[0-9]+)\."(?:[^"]|"")+"')


_SetType = TypeVar("_SetType")
_GetType = TypeVar("_GetType")

if TYPE_CHECKING:

    class _Key(models.BigAutoField[_SetType, _GetType]): ...

else:

    class _Key(models.BigAutoField):
        def __class_getitem__(cls, types: object) -> type:
            """Django's fields are generic in its stubs only."""
            return cls


class RowId(_Key[_SetType, _GetType]):
    """Django's number of a row, known before the row is inserted where the row has sealed columns.

    The cost is one question to the sequence for each such row. Migrations see Django's own field.
    """

    def deconstruct(self) -> Any:
        """Return what migrations need: the column is Django's own."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigAutoField", args, kwargs

    def get_pk_value_on_save(self, instance: models.Model) -> Any:
        """Take a number from the sequence for a row with sealed columns."""
        if not self._sealed_row:
            return super().get_pk_value_on_save(instance)
        meta = self.model._meta  # noqa: SLF001 - Django's documented model API
        with connections[router.db_for_write(self.model, instance=instance)].cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(quote_ident(%s), %s))", [meta.db_table, self.column]
            )
            return cursor.fetchone()[0]

    @cached_property
    def _sealed_row(self) -> bool:
        fields = self.model._meta.local_concrete_fields  # noqa: SLF001
        return any(isinstance(field, SealedField) for field in fields)


def number(rows: Sequence[models.Model], *, using: str | None = None) -> None:
    """Give new rows of one table their numbers, in one question: so they can be sealed and told of."""
    new = [each for each in rows if each.pk is None]
    if not new:
        return
    meta = new[0]._meta  # noqa: SLF001 - Django's documented model API
    with connections[using or router.db_for_write(type(new[0]))].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(quote_ident(%s), %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(new)],
        )
        for row, (taken,) in zip(new, cursor.fetchall(), strict=True):
            row.pk = taken


def selected(key: str, column: str) -> str:
    """Return how a sealed column is selected beside its row's key, for SQL that the ORM does not compose."""
    return f"convert_to({key}::text || ' ', 'UTF8') || {column}"


def opened(model: type[models.Model], name: str, value: Any) -> Any:
    """Return what a column read as `selected` says holds; raise SealBroken where it does not open."""
    field: Any = model._meta.get_field(name)  # noqa: SLF001
    return field.from_db_value(value, None, None)


@dataclass(frozen=True)
class _Bound:
    """A value on its way to its row."""

    value: Any
    row: object


class SealedField(models.Field):  # type: ignore[type-arg]
    """What sealed columns share: bytea in the database, sealed for their table, column and row."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002
        """Return PostgreSQL's type for bytes."""
        return "bytea"

    def get_internal_type(self) -> str:
        """Return what PostgreSQL has it as: not text, and what Django inserts many of as one array."""
        return "BinaryField"

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Tie the value to its row."""
        value = super().pre_save(model_instance, add)
        if value is None or isinstance(value, Expression):
            return value
        return _Bound(value, model_instance.pk)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002
        """Seal a value on its way in; refuse one whose row is not known."""
        if value is None or isinstance(value, Expression):
            return value
        if not isinstance(value, _Bound) or value.row is None:
            raise FieldError(f"{self.name} is sealed for its row: save the instance, and do not update().")
        return self.seal(value.value, row=value.row)

    def seal(self, value: Any, *, row: object) -> bytes:
        """Return what stands in the column of the row with this primary key."""
        return sealing.ring().seal(self._to_bytes(value), context=self.context(row))

    def context(self, row: object) -> str:
        """Return what a value of this column in this row is sealed for."""
        return sealing.context_of(self.model._meta.db_table, str(self.column), row)  # noqa: SLF001

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Select the row's key with the value."""
        column = _COLUMN.fullmatch(sql)
        if column is None:
            raise FieldError(f"{self.name} is sealed and is read as the column it is, not in an expression.")
        key = compiler.quote_name_unless_alias(self.model._meta.pk.column)  # noqa: SLF001
        return selected(f"{column[1]}.{key}", sql), params

    def from_db_value(self, value: Any, expression: Expression, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        """Open a value on its way out; raise SealBroken where it does not open."""
        if value is None:
            return None
        row, _, sealed = bytes(value).partition(b" ")
        context = self.context(row.decode(errors="replace"))
        return self._from_bytes(sealing.ring().open(sealed, context=context))

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
