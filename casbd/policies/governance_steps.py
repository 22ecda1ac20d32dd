"""`governance:` of a rule file against the connectors that the configuration has, and whom the rule's alerts are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from casbd.counting.match import Match
from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake
from casbd.model.governance import ACTIONS
from casbd.plugins import ACTION_NAME
from casbd.policies.policy import is_of_one_user

Connectors = Mapping[str, Collection[str]]
"""By a connector's name, the actions that may be asked of it."""


def wrong_steps(document: Document, connectors: Connectors | None) -> Iterator[Mistake]:
    """Connectors that are not there, and actions that they do not take; connectors: None where these are not known."""
    steps = document.data.get("governance")
    if connectors is None or not isinstance(steps, list):
        return
    for index, step in enumerate(steps):
        if isinstance(step, dict):
            yield from _wrong_step(document, ["governance", index], step, connectors)


def of_nobody(document: Document, match: Match | None) -> Iterator[Mistake]:
    """A rule that counts by something else than the user: whoever happens to be the last one would be acted on."""
    if not document.data.get("governance") or is_of_one_user(match):
        return
    assert match is not None
    counted = " and ".join(f"`{field}`" for field in match.by)
    where: Where = ["match", "by"] if "match" in document.data else ["governance"]
    problem = f"`governance` acts on a user, and activities that are alike in {counted} may be anybody's"
    yield document.mistake(where, problem, "allowed with it: user or user_id, alone or with other fields", at_key=where == ["governance"])


def _wrong_step(document: Document, where: Where, step: Mapping[str, Any], connectors: Connectors) -> Iterator[Mistake]:
    name, action = step.get("connector"), step.get("action")
    if isinstance(name, str) and name not in connectors:
        hint = nearest(name, connectors) or "the configuration has no connectors"
        yield document.mistake([*where, "connector"], f"unknown connector `{name}`", hint, at_key=False)
    takes = connectors.get(name) if isinstance(name, str) else None
    allowed = {*ACTIONS, *(one for several in connectors.values() for one in several)} if takes is None else takes
    if isinstance(action, str) and ACTION_NAME.fullmatch(action) and action not in allowed:  # what is no name at all the schema reports
        of = "no connector has" if takes is None else f"the connector `{name}` does not have"
        hint = nearest(action, allowed)
        if hint.startswith("allowed") and action not in ACTIONS:
            hint += "; one of your own stands in the connector's `actions`"
        yield document.mistake([*where, "action"], f"{of} the action `{action}`", hint, at_key=False)
