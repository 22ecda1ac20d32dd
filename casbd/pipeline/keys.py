"""The keys by which repeats are known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from casbd.model.activity import Activity
from casbd.remembered import Remembered


class Keys:
    """63 bits (SQLite's integers have a sign) that stand for (instance, id) in one store; never 0."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._begun = Remembered(self._begin, 1000)

    def __call__(self, activities: Iterable[Activity]) -> list[int]:
        """The key of each. UnicodeEncodeError where an id has half a surrogate pair."""
        begun, number, keys = self._begun, int.from_bytes, []
        for activity in activities:
            own = begun[activity.app_instance].copy()
            own.update(activity.activity_id.encode())
            keys.append(number(own.digest(), "little") >> 1 or 1)
        return keys

    def _begin(self, instance: str | None) -> hashlib.blake2b:
        """The part of the hash that all activities of an instance share."""
        return hashlib.blake2b(self._salt + f"{instance}\0".encode(), digest_size=8)
