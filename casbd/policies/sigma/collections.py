"""Several Sigma documents in one file: `action` of old says what they have in common.

`global`: the documents below have this too; `reset`: no longer; `repeat`: the document before once more, with this instead.
https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html (rule collections, until version 1)
"""

from __future__ import annotations

from collections.abc import Sequence

from casbd.documents import Document

ACTIONS = ("global", "reset", "repeat")


def expanded(documents: Sequence[Document]) -> list[Document]:
    """The rules of a file, each with all that it consists of."""
    common: Document | None = None
    before: Document | None = None
    rules = []
    for document in documents:
        action = document.data.get("action") if isinstance(document.data, dict) else None
        if action == "global":
            common = document
        elif action == "reset":
            common = None
        else:
            below = before if action == "repeat" else common
            alone = isinstance(document.data, dict) and not document.data.keys().isdisjoint(("correlation", "filter"))
            before = document if below is None or alone else document.completed(below)
            rules.append(before)
    for rule in rules:
        if isinstance(rule.data, dict) and rule.data.get("action") in ACTIONS:
            rule.data = {key: value for key, value in rule.data.items() if key != "action"}
    return rules
