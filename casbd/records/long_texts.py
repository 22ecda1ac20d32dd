"""Texts of a record that are kept for each activity, user, window or alert: none is longer than anybody's name is.

An attacker may write half a megabyte into any field. By these fields casbd counts, remembers and sends, so they would be held some
thousand times. What filters search for contents (names of objects, user agents, details) stays whole, as does the record.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter

from casbd.model.activity import Activity

LONGEST = 1024
"""Characters of an id, a name, or any other text by which activities are told apart. An e-mail address has 320 at most."""
_SHOWN = 128
_FIELDS = (
    *("activity_type", "action_type", "app", "app_instance", "user", "user_id", "user_display_name", "user_domain", "user_organization"),
    *("ip_address", "country", "city", "isp", "object_type"),
)
FIELDS = ("activity_id", *_FIELDS)
_texts = attrgetter(*_FIELDS)


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text; of a longer one its beginning and a hash, so that two that differ still do. Nobody's account is written so."""
    if len(text) <= longest:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[: min(_SHOWN, longest // 8)]}… {digest}"


def shortened_bytes(text: str, longest: int) -> str:
    """As `shortened`, by bytes of UTF-8: a letter of most alphabets has two, and a sign that an attacker looks for has four."""
    if len(text) <= longest and (text.isascii() or len(text.encode("utf-8", "surrogatepass")) <= longest):
        return text
    return shortened(text, longest if text.isascii() else longest // 4)


def shorten(activity: Activity) -> None:
    """Bound the fields by which the activity is counted, remembered and sent. Its id becomes a hash alone."""
    if len(activity.activity_id) > LONGEST:
        activity.activity_id = hashlib.blake2b(activity.activity_id.encode(), digest_size=16).hexdigest()
    for text in _texts(activity):
        if text is not None and len(text) > LONGEST:
            _shorten_fields(activity)
            break


def _shorten_fields(activity: Activity) -> None:
    for field in _FIELDS:
        if text := getattr(activity, field):
            setattr(activity, field, shortened(text))
