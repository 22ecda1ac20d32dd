"""The schema of a rule file, as pydantic models: keys, types and closed values.

What needs the table of fields (`filters:`, and the activities of `tests:`) is read by `filters.py` and `examples.py`, where
each part of it has its own place in the file; `match:`, of which there are several kinds, by `kinds.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    model_validator,
)

from casbd.config.names import NAME
from casbd.counting.each import Each
from casbd.counting.match import Match
from casbd.documents import Document, nearest
from casbd.documents.mail_addresses import mail_address
from casbd.errors import Mistake
from casbd.filters.tree import Node
from casbd.filters.values import FilterError, milliseconds
from casbd.model.alert import SEVERITIES, Category, Severity
from casbd.model.governance import NOTICES, TO_OTHERS
from casbd.plugins import action_name
from casbd.policies import evidence_text
from casbd.policies.counted_fields import LENGTH, Length
from casbd.policies.policy import AlertOptions, Example, Mode, Notice, Policy, digest


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _address(text: str) -> str:
    """An address, or a name, of which the configuration knows whether it is one."""
    return mail_address(text) if "@" in text or not NAME.fullmatch(text) else text


def _number(text: str) -> str:
    if not re.fullmatch(r"\+[1-9]\d{4,14}", text) and (text.isdecimal() or not NAME.fullmatch(text)):
        raise ValueError(f"`{text}` is no telephone number (such as +15550100, with quotes)")
    return text


def _closest(value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"`{value}` is none of {', '.join(choices)}" + _did_you_mean(value, choices))
    return value


def _did_you_mean(value: Any, choices: tuple[str, ...]) -> str:
    hint = nearest(str(value), choices)
    return f" ({hint})" if hint.startswith("did") else ""


def _one_of(*choices: str) -> BeforeValidator:
    return BeforeValidator(lambda value: _closest(value, choices))


def _alerts(value: Any) -> Any:
    counted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not counted and not (isinstance(value, list) and all(isinstance(alert, dict) for alert in value)):
        raise ValueError("how many alerts, or a list with one mapping of alert fields for each")
    return value


def _sentence(text: str) -> str:
    evidence_text.read(text)
    return text


Sentence = Annotated[
    StrictStr,
    AfterValidator(_sentence),
    Field(max_length=evidence_text.LONGEST, description="words, with fields in braces: gave {object_name}[ to {raw.Target.Name}]"),
]
CATEGORIES: tuple[Category, ...] = get_args(Category)
MODES: tuple[Mode, ...] = get_args(Mode)


EACH_ACTIVITY = "activity"
"""Of `each`: an alert for every activity, as if it were left out."""


def _each(value: Any) -> int | None:
    try:
        return None if value == EACH_ACTIVITY else milliseconds(value)
    except FilterError as error:
        raise FilterError(error.message, f"{EACH_ACTIVITY}, or {error.hint}") from None


EachLength = Annotated[
    int | None,
    BeforeValidator(_each),
    WithJsonSchema({"anyOf": [{"const": EACH_ACTIVITY}, LENGTH]}),
]


class AlertPart(_Part):
    """`alert:` what it says, whom to notify, and how often. each: the milliseconds between activities of a subject that are one alert."""

    title: Sentence | None = None
    evidence: Sentence | None = None
    email: list[Annotated[StrictStr, AfterValidator(_address)]] = []
    sms: list[Annotated[StrictStr, AfterValidator(_number)]] = []
    daily_limit: Annotated[StrictInt, Field(ge=1)] | None = None
    suppress: Length | None = None
    each: EachLength | None = None


class GovernancePart(_Part):
    """One element of `governance:`. message, recipients: of notices, what they say, and who else is told."""

    action: Annotated[StrictStr, AfterValidator(action_name)]
    connector: Annotated[StrictStr, Field(min_length=1)]
    message: Annotated[StrictStr, Field(max_length=10_000)] = ""
    recipients: list[Annotated[StrictStr, AfterValidator(mail_address)]] = []

    @model_validator(mode="after")
    def _who_is_told(self) -> GovernancePart:
        if self.message and self.action not in NOTICES:
            raise ValueError(f"`message` is what {' and '.join(NOTICES)} say; {self.action} says nothing")
        if self.recipients and self.action != TO_OTHERS:
            raise ValueError(f"`recipients` are whom {TO_OTHERS} tells, and no other action")
        return self


def _said_once(steps: list[GovernancePart]) -> list[GovernancePart]:
    """The steps as they are. ValueError where one action at one connector has two texts: it is done once for an alert."""
    said: dict[tuple[str, str], GovernancePart] = {}
    for step in steps:
        if said.setdefault((step.action, step.connector), step) != step:
            raise ValueError(f"{step.action} at {step.connector} stands there twice, with other words")
    return steps


class UsualPart(_Part):
    """`usual:` of a test. working_days: without Saturdays and Sundays."""

    activities: list[dict[str, Any]]
    days: Annotated[StrictInt, Field(ge=1, le=1000)] = 30
    working_days: StrictBool = False


class TestPart(_Part):
    """One element of `tests:`. alerts: how many, or one mapping of alert fields for each. usual: what went before, day by day."""

    name: Annotated[StrictStr, Field(min_length=1)]
    usual: UsualPart | None = None
    activities: list[dict[str, Any]]
    alerts: Annotated[int | list[dict[str, Any]], BeforeValidator(_alerts)]


class CommonKeys(BaseModel):
    """What a rule file says besides its filters, and a Sigma file may."""

    model_config = ConfigDict(frozen=True, defer_build=True)
    enabled: StrictBool = True
    mode: Annotated[Mode, _one_of(*MODES)] = "enforce"
    category: Annotated[Category, _one_of(*CATEGORIES)] | None = None
    alert: AlertPart = AlertPart()
    governance: Annotated[list[GovernancePart], AfterValidator(_said_once)] = []
    tests: list[TestPart] = []


class RuleFile(CommonKeys):
    """A rule file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    name: Annotated[StrictStr, Field(min_length=1)]
    description: StrictStr = ""
    severity: Annotated[Severity, _one_of(*SEVERITIES)] = "medium"
    template: StrictStr = ""
    filters: Any = None
    match: Any = None
    tags: list[StrictStr] = []
    references: list[StrictStr] = []


def policy_of(keys: CommonKeys, document: Document, filters: Node, match: Match | None, tests: tuple[Example, ...], **own: Any) -> Policy:
    """The policy of a document: what all kinds of rule files have, and what is its `own`, by the names of Policy's fields."""
    if match is None and keys.alert.each is not None:
        match = Each(within=keys.alert.each)
    return Policy(
        path=document.path,
        line=document.place([])[0],
        enabled=keys.enabled,
        mode=keys.mode,
        alert=_alert_options(keys.alert),
        governance=tuple((step.action, step.connector) for step in keys.governance),
        notices={
            (step.action, step.connector): Notice(step.message, tuple(step.recipients))
            for step in keys.governance
            if step.action in NOTICES
        },
        filters=filters,
        match=match,
        digest=digest(filters, match),
        tests=tests,
        **own,
    )


def wrong_each(document: Document, match: Match | None) -> list[Mistake]:
    """`each` of a policy that counts, whose alerts are series already."""
    part = document.data.get("alert")
    if match is None or not isinstance(part, dict) or "each" not in part:
        return []
    hint = "`within` of `match` says what is one alert; `suppress` sends fewer"
    return [document.mistake(["alert", "each"], "`each` is of a policy without `match:`", hint)]


def _alert_options(part: AlertPart) -> AlertOptions:
    return AlertOptions(
        daily_limit=part.daily_limit,
        suppress=part.suppress,
        email=tuple(part.email),
        sms=tuple(part.sms),
        title=evidence_text.read(part.title) if part.title is not None else None,
        evidence=evidence_text.read(part.evidence) if part.evidence is not None else None,
    )


CASBDS_OWN = "casbd."
"""So begin the ids of casbd's alerts about itself: a policy's alerts must not pass for these."""


def policy_id(path: Path) -> str:
    """The id of the policy in a file."""
    return path.name.removesuffix(path.suffix)


def wrong_id(path: Path) -> list[Mistake]:
    """What is wrong with it."""
    name = policy_id(path)
    if name.casefold().startswith(CASBDS_OWN):
        return [Mistake(str(path), 0, 0, f"the file's name is the policy's id, and `{name}` is of casbd's own alerts", "another name")]
    if re.fullmatch(r"[A-Za-z0-9._-]+", name):
        return []
    return [Mistake(str(path), 0, 0, f"the file's name is the policy's id, and `{name}` is none", "letters, digits, - _ .")]
