"""How to judge a kind of alert: what makes it a true or a false positive, what to look at, what to do (`data/alert_advice.yaml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from casbd.documents import Document

_FILE = Path(__file__).parents[1] / "data" / "alert_advice.yaml"


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """policies: whose alerts it is about; none: those of the category that no other entry is about. source: the page that it is after."""

    policies: list[str] = []
    category: str | None = None
    true_positive: str
    benign: str
    false_positive: str
    look: list[str]
    act: list[str]
    source: str


@cache
def every() -> list[Advice]:
    """All entries of the file."""
    return msgspec.convert(Document(_FILE).data, list[Advice])


def advice_for(policy_id: str, category: str | None) -> Advice:
    """The entry for a policy's alerts; where there is none, its category's, and where there is none of these either, what is always so."""
    by_policy = {name: one for one in every() for name in one.policies}
    by_category = {one.category: one for one in every() if not one.policies}
    return by_policy.get(policy_id.casefold()) or by_category.get(category) or by_category[None]
