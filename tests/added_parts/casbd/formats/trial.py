"""The log of a door: who came in, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.model.activity import Activity
from casbd.plugins import registry


class Record(msgspec.Struct):
    """What a line says."""

    door: str
    at: int
    who: str


class TrialOptions(plugins.Options):
    """How the door is told apart from others."""

    trial_building: str = "Main building"
    """The building that the door is in."""


@registry.format
class Trial:
    """The log of a door."""

    Options: ClassVar[type[plugins.Options]] = TrialOptions
    example: ClassVar[dict[str, Any]] = {"trial_building": "Annex"}
    words: ClassVar[plugins.Words] = {"app": ("Door",)}

    def __init__(self, options: TrialOptions) -> None:
        self._building = options.trial_building
        self._decode = msgspec.json.Decoder(Record).decode

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every record has a door."""
        return float(bool(sample) and all(record.startswith(b'{"door": ') for record in sample))

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where something is missing."""
        try:
            known = self._decode(record)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadRecord(f"not a record of a door: {error}") from None
        moment = known.at * 1000
        return (Activity(timestamp=moment, action_type="entered", app="Door", app_instance=self._building, user=known.who, source="trial"),)
