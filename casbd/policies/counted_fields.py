"""What stands in every kind of `match:` of a rule file: by which fields subjects are told apart, and lengths of time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, WithJsonSchema, model_validator

from casbd.documents import durations
from casbd.filters.fields import parse_field
from casbd.filters.values import FilterError, milliseconds
from casbd.model.activity import FIELDS
from casbd.records.record_path import EVERY


def _known_field(name: str) -> str:
    """A field, or a path into the record."""
    try:
        parse_field(name)
        return name
    except FilterError as error:
        raise ValueError(str(error)) from None


def countable(name: str) -> str:
    """Fields that tell subjects apart; one that differs in every activity would never be counted up to anything."""
    if _known_field(name) in ("timestamp", "activity_id", "input_offset", "raw", "matched_policies", "objects"):
        hint = " (use object_id or object_name)" if name == "objects" else ""
        raise ValueError(f"cannot count by `{name}`{hint}")
    return _one_place(name)


def different(name: str) -> str:
    """Fields whose different values can be counted."""
    if _known_field(name) == "raw":
        raise ValueError("cannot count different values of `raw`: no two records are the same")
    if name in FIELDS and FIELDS[name].kind in ("list", "objects"):
        raise ValueError(f"cannot count different values of the list `{name}`" + (" (use object_id)" if name == "objects" else ""))
    return _one_place(name)


def _one_place(name: str) -> str:
    if EVERY in parse_field(name).path:
        raise ValueError(f"cannot count by `{name}`: `**` is every value")
    return name


def as_list(value: Any) -> Any:
    """One field as a list of it."""
    return [value] if isinstance(value, str) else value


def fields_schema(check: Callable[[str], str]) -> dict[str, Any]:
    """The JSON Schema of the fields that a check takes."""
    taken = []
    for name in FIELDS:
        with suppress(ValueError):
            taken.append(check(name))
    return {"anyOf": [{"enum": taken}, {"type": "string", "pattern": r"^raw\.."}]}


LENGTH: dict[str, Any] = {"type": "string", "pattern": "^[0-9]+[smhd]$", "description": "a length of time, such as 90s, 5m, 2h, 7d"}
_BY = fields_schema(countable)
Length = Annotated[int, BeforeValidator(milliseconds), WithJsonSchema(LENGTH)]
"""Milliseconds, written as `5m`."""
Different = Annotated[StrictStr, AfterValidator(different), WithJsonSchema(fields_schema(different))]
"""A field whose different values are counted."""
_DIFFERENT = fields_schema(different)
Fields = Annotated[
    list[Different],
    BeforeValidator(as_list),
    Field(min_length=1, max_length=10),
    WithJsonSchema({"anyOf": [_DIFFERENT, {"type": "array", "items": _DIFFERENT, "minItems": 1, "maxItems": 10}]}),
]
"""One to ten fields, of which the first that is known counts."""


def between(shortest: int, longest: int) -> AfterValidator:
    """What makes a Length no shorter and no longer than so many milliseconds."""

    def checked(length: int) -> int:
        if not shortest <= length <= longest:
            raise ValueError(f"`{durations.written(length)}` is not from {durations.written(shortest)} to {durations.written(longest)}")
        return length

    return AfterValidator(checked)


By = Annotated[
    list[Annotated[StrictStr, AfterValidator(countable)]],
    BeforeValidator(as_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_BY, {"type": "array", "items": _BY, "minItems": 1}]}),
]


class MatchKeys(BaseModel):
    """What every kind of `match:` has."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    by: By = ["user"]
    """Whose activities are counted together: a field, a path such as raw.userIdentity.arn, or a list of them. Left out: user. An address is
    one person in all apps, any other name one in its app and instance."""
    single_app: StrictBool = False
    """Each app is counted apart."""


class OfOneUser(MatchKeys):
    """What a kind has that only makes sense of users."""

    @model_validator(mode="after")
    def _by_user(self) -> Self:
        if self.by not in (["user"], ["user_id"]) or self.single_app:
            raise ValueError("such a policy goes by `user`, in all apps")
        return self
