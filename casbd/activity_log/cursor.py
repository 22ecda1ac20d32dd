"""Where a page of a search ended, as a text that the next one begins with."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

import msgspec

from casbd.model.activity import Activity


class Cursor(NamedTuple):
    """An activity's place among all, the newest first; those of one time by their id, and by their instance where that is equal, too."""

    timestamp: int
    activity_id: str
    app_instance: str

    @classmethod
    def at(cls, activity: Activity) -> Cursor:
        """The place of an activity."""
        return cls(activity.timestamp, activity.activity_id, activity.app_instance or "")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """What `text` wrote; ValueError where it did not."""
        try:
            return msgspec.msgpack.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            raise ValueError("it is none that a search has printed") from None

    def text(self) -> str:
        """Letters, digits, `_` and `-`; it does not begin with `-`."""
        return urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("=")

    def before(self, activity: Activity) -> bool:
        """Whether an activity comes later in the list, which is to say on the next page."""
        own = Cursor.at(activity)
        return (-self.timestamp, *self[1:]) < (-own.timestamp, *own[1:])
