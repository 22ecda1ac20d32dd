"""A format that is data: one YAML file in `services/` says how to tell a service's records, and which part of them is which field.

    about: The audit log of Contoso Cloud, as its API and its webhooks give it.
    app: Contoso Cloud
    documentation: [https://docs.example.com/audit-log]
    made: 2026-11-30                       # when the documentation was read
    claim: {has: [event_id, actor.login], when: {schema: contoso.audit.*}}
    mapping: {timestamp: time, user: actor.login, action_type: event_name}

All but the first five are the keys of a `mapping:` in the configuration (`_mapping_options.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, Field, model_validator

from casbd import plugins
from casbd.documents import Document
from casbd.errors import BadRecord
from casbd.formats import _mapping_parts as parts
from casbd.formats._lenient import as_object, delivered, share
from casbd.formats._mapping import Mapper
from casbd.formats._mapping_events import Events
from casbd.formats._mapping_options import MappingOptions
from casbd.formats._mapping_places import Place, finder
from casbd.formats._mapping_reading import Condition, condition
from casbd.model.activity import Activity


class Claim(plugins.Options):
    """What tells a record. has: paths that lead somewhere, be it to null; lacks: paths that lead nowhere; when: a condition."""

    has: Annotated[tuple[parts.Path, ...], Field(min_length=1)]
    lacks: tuple[parts.Path, ...] = ()
    when: parts.When = Field(default_factory=dict)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class ServiceFile(MappingOptions):
    """A file of a service. claim: one of several, of which each tells a kind of its records."""

    about: Annotated[str, Field(min_length=1)]
    app: Annotated[str, Field(min_length=1)]
    documentation: Annotated[tuple[Annotated[str, Field(pattern=r"^https://\S+$")], ...], Field(min_length=1)]
    made: Annotated[date, Field(strict=False)]
    claim: Annotated[tuple[Claim, ...], BeforeValidator(_one_or_more), Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _of_the_app(cls, options: Any) -> Any:
        """Its app is a constant, as another may be."""
        constants = options.get("constants", {}) if isinstance(options, dict) else None
        if not isinstance(constants, dict) or "app" not in options:
            return options
        return options | {"constants": {"app": options["app"]} | constants}


class Service:
    """The base of all formats that are data."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words]
    about: ClassVar[str]
    file: ClassVar[ServiceFile]

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._activities = Mapper(self.file).activities

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity, or one of each event within. BadRecord where it is no JSON object, or has no time or nothing of the service."""
        own = delivered(record)
        activities = self._activities(as_object(record if own is None else own))
        if not any(activity.action_type or activity.user for activity in activities):
            raise BadRecord(f"nothing of {self.file.app} is in it: neither who nor what")
        if own is not None:
            for activity in activities:
                activity.raw = activity.raw or own.decode(errors="replace")
        return activities


def plugin(path: Path) -> type[plugins.Format]:
    """The format that a file describes; Mistakes where the file cannot be used."""
    file = Document(path).check(ServiceFile)
    tell = _Teller(file)
    about = [" ".join(paragraph.split()) for paragraph in file.about.split("\n\n")]
    sources = "\n".join(f"  {url}" for url in file.documentation)
    fields = ", ".join(sorted({*file.mapping, *file.constants, *(["objects"] if file.objects else [])}))
    made = f"Made after the vendor's documentation as it was on {file.made}:\n{sources}"
    members = {
        "__doc__": about[0],
        "name": path.stem,
        "file": file,
        "words": {name: words for name, words in file.words().items() if name in ("app", "activity_type")},
        "about": "\n\n".join([*about, made, f"Fills in: {fields}."]),
        "claims": staticmethod(lambda sample: share(sample, tell)),
    }
    return cast("type[plugins.Format]", type(path.stem.title().replace("_", ""), (Service,), members))


class _Teller:
    """Tells whether a record is a service's own."""

    def __init__(self, file: ServiceFile) -> None:
        self._claims = [_told(claim) for claim in file.claim]
        self._events = [Events(path, around=False) for path in file.each]

    def __call__(self, record: dict[str, Any]) -> bool:
        whole = Place(record)
        first = next((first for events in self._events if (first := events.first(record)) is not None), None)
        here = whole if first is None else Place(first)
        return any(claim(here, whole) for claim in self._claims)


def _told(claim: Claim) -> Condition:
    has, lacks, holds = [finder(path) for path in claim.has], [finder(path) for path in claim.lacks], condition(claim.when)

    def told(here: Any, record: Any) -> bool:
        return (
            all(find(here, record) for find in has)
            and not any(find(here, record) for find in lacks)
            and (holds is None or holds(here, record))
        )

    return told
