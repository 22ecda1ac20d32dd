"""What the reason of a failed log on means: whether a password was tried and was wrong, in each vendor's words.

The words stand in `casbd/data/log_on_failures.yaml`, with the page of the vendor that explains them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from casbd.documents import Document

WRONG_PASSWORD, OTHER = "wrong password", "other"
MEANINGS = (WRONG_PASSWORD, "no such user", "locked out", "expired password", "further step", OTHER)
TABLE = Path(__file__).parent.parent / "data" / "log_on_failures.yaml"
_CODE = re.compile(r"\((0x[0-9a-f]{1,8})\)")


class Failures(NamedTuple):
    """meanings: by the vendor's word, in small letters. formats: whose words are known."""

    meanings: dict[str, str]
    formats: frozenset[str]


@cache
def failures() -> Failures:
    """The table."""
    vendors = Document(TABLE).data.values()
    meanings = {word.casefold(): meaning for vendor in vendors for meaning, words in vendor["meanings"].items() for word in words}
    return Failures(meanings, frozenset(name for vendor in vendors for name in vendor["formats"]))


def meaning_of(reason: str | None, source: str | None) -> str:
    """What a failure's reason means. reason: `result_detail`. source: the format.

    Where no reason is known, or its vendor's words are not, a failed log on is taken for a wrong password: most are.
    """
    if reason is None:
        return WRONG_PASSWORD
    table = failures()
    text = reason[:200].casefold()
    code = _CODE.search(text)  # Windows: `wrong password (0xC000006A), network`
    meaning = table.meanings.get(code[1] if code else text) or table.meanings.get(text.partition(",")[0])
    return meaning or (OTHER if source in table.formats else WRONG_PASSWORD)
