"""What was acted on, as a mapping's `objects` say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from casbd.formats._mapping_options import Object
from casbd.formats._mapping_places import Place, finder
from casbd.formats._mapping_reading import condition, text_reader
from casbd.formats._objects import MOST
from casbd.model.activity import ActivityObject
from casbd.records import opening

TYPES = {
    **dict.fromkeys(("user", "users", "member", "accountuser", "sys_user"), "User"),
    **dict.fromkeys(("group", "groups", "usergroup"), "Group"),
    "team": "Team",
    **dict.fromkeys(("role", "roles"), "Role"),
    **dict.fromkeys(("file", "files", "document", "attachment"), "File"),
    **dict.fromkeys(("folder", "folders", "directory"), "Folder"),
    **dict.fromkeys(("device", "devices"), "Device"),
    **dict.fromkeys(("policy", "policies"), "Policy"),
    **dict.fromkeys(("organization", "org", "workspace"), "Organization"),
}
"""Vendors' words for what all formats have, in small letters: rules, OCSF and people ask for one of them."""

Objects = Callable[[Any, Any], Iterator[ActivityObject]]


def object_reader(options: Sequence[Object]) -> Callable[[Any, Any], Sequence[ActivityObject]] | None:
    """What reads the objects of an activity, each once; None where the mapping has none."""
    readers = [_reader(one) for one in options]

    def objects(here: Any, record: Any) -> Sequence[ActivityObject]:
        found = (one for read in readers for one in read(here, record))
        return [*dict.fromkeys(islice(found, MOST))]

    return objects if readers else None


def _reader(options: Object) -> Objects:
    fields = [text_reader(value) if value is not None else None for value in (options.id, options.name, options.type, options.role)]
    holds = condition(options.when)
    find = finder(options.each) if options.each is not None else None

    def read(here: Any, record: Any) -> Iterator[ActivityObject]:
        for element in [here] if find is None else opening.opened([opening.inside(value) for value in find(here, record)]):
            place = element if isinstance(element, Place) else Place(element if isinstance(element, dict) else {"value": element})
            if holds is None or holds(place, record):
                of, name, kind, role = (read(place, record) if read is not None else None for read in fields)
                one = ActivityObject(of, name, TYPES.get(kind.casefold(), kind) if kind is not None else None, role)
                if one.id is not None or one.name is not None:
                    yield one

    return read
