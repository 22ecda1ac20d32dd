"""A rule file, casbd's own or Sigma's. It is a policy that works, or every mistake in it has its place; nothing else is raised."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from builders import NOON

from casbd.backtest import trial
from casbd.errors import Mistake, Mistakes
from casbd.filters.operators import OPERATORS
from casbd.filters.sql import may
from casbd.model.activity import Activity, ActivityObject
from casbd.policies import examples, explain
from casbd.policies.loading import load_all_of
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from targets import ROOT, FaultError

TOKENS = [
    *(operator.encode() for operator in OPERATORS),
    *b"|re: |cidr: |all: |base64offset: |fieldref: |windash: *? \\* &a *a <<: !!python/object:x".split(),
    *b"|- >- --- ... # 0x10 1_0 12:30:45 ~ (a+)+$ [a-z]{999}".split(),
    *b"1 of them,all of s*,not ,timespan: 0m,within: 99999999d,repeated: 1000000000,by: raw.a,repeat: 1000000000".split(b","),
]
ACTIVITIES = [
    Activity(
        timestamp=NOON,
        activity_type="Failed log on",
        action_type="UserLoginFailed",
        user="a@contoso.com",
        ip_address="203.0.113.7",
        app="Microsoft Exchange Online",
        raw='{"Operation": "New-InboxRule", "Parameters": [{"Name": "ForwardTo", "Value": "x"}]}',
    ),
    Activity(
        timestamp=NOON + 1,
        user="\x00" * 50,
        country="NO",
        asn=5,
        user_groups=("a", "b"),
        objects=(ActivityObject(id="1", name="x"),),
        raw="{",
    ),
]
"""An ordinary one, and one with odd values and a record that is none."""


def seeds() -> list[bytes]:
    """The shipped rules, and those of the tests, wrong ones included."""
    paths = [*(ROOT / "rules").rglob("*.yaml"), *(ROOT / "tests/policies").rglob("*.yaml"), *(ROOT / "tests/policies").rglob("*.yml")]
    return [path.read_bytes() for path in sorted(paths) if path.stat().st_size < 20_000]


def attempt(data: bytes) -> None:
    """Load it; use what comes of it in every way that a policy is used."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "rule.yaml")
        path.write_bytes(data)
        try:
            policies = load_all_of(path)
        except Mistakes as error:
            placed(error.mistakes)
            return
    for policy in policies:
        _use(policy)


def placed(mistakes: Sequence[Mistake]) -> None:
    """FaultError where a mistake has no place, or cannot be shown in one line."""
    if not mistakes:
        raise FaultError("a mistake without a word")
    for mistake in mistakes:
        text = str(mistake)
        if mistake.line < 0 or mistake.column < 0 or not mistake.message or len(mistake.message + mistake.hint) > 1500:
            raise FaultError(text[:300])
        text.encode()


def _use(policy: Policy) -> None:
    matcher = Matcher([policy], now=lambda: NOON)
    for activity in ACTIVITIES:
        for matched in matcher.match(activity):
            matcher.counted(matched, activity)
        list(explain.explanation(policy, activity, lambda: NOON))
    explain.sentence(policy)
    may(policy.filters, lambda: NOON)
    trial.alerts_of(policy, ACTIVITIES, lambda: NOON)
    for example in policy.tests[:3]:
        for _, (activity, _) in zip(range(200), examples.activities(example), strict=False):
            if activity is not None:
                matcher.match(activity)
