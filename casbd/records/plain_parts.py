"""What of a text stands in a record as it is written, whatever escapes the record is written with."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z0-9._@:-]+")
_TELLING = 3
"""Characters of a part that is worth looking for."""


def plain_part(text: str) -> str:
    """The longest part of a text that JSON writes as it is, casefolded, in text within text too; empty where it would rule out little.

    A record that holds the text holds this part, unless it is not ASCII or has an escape such as `\\u0061`.
    """
    longest = max(_PLAIN.findall(text.casefold()), key=len, default="")
    return longest if len(longest) >= _TELLING else ""
