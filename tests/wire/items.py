"""Items with anything in their fields, and pieces that break what writes them carelessly."""

import random
from typing import get_args

from hypothesis import strategies as st

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import RESOLUTIONS, SEVERITIES, Alert, Event, PolicyType
from casbd.model.governance import CommandStatus, GovernanceCommand

PIECES = [
    *"\\=|\n\r\t\x00\x1b\x7f\x85\x9b\u061c\u2028\u202e\u2069\ud800\udfff\ufeff\u00a0 '",
    " suser=root",
    "\\=",
    "\\\\",
    "CEF:0|x|y|z|",
    "æøå",
    "\U0001f600",
    "long" * 300,
    "=" * 500,
]


texts = st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=()), max_size=6).map("".join)


maybe = texts | texts | st.none()


addresses = st.none() | texts | st.ip_addresses().map(str)


integers = st.integers(0, 2**53)


objects = st.lists(st.builds(ActivityObject, id=maybe, name=maybe, type=maybe | st.just("File"), role=maybe), max_size=4).map(tuple)


TEXT_FIELDS = (
    "action_type",
    "app",
    "app_instance",
    "user",
    "user_id",
    "user_domain",
    "user_type",
    "ip_category",
    "country",
    "city",
    "isp",
    "user_agent",
    "object_id",
    "object_name",
    "result",
    "result_detail",
    "source",
)


activities = st.builds(
    Activity,
    timestamp=integers,
    activity_id=texts,
    activity_type=texts,
    ip_address=addresses,
    objects=objects,
    object_type=maybe | st.sampled_from(["File", "User"]),
    is_impersonated=st.booleans(),
    asn=st.none() | integers,
    ip_port=st.none() | integers,
    **dict.fromkeys(TEXT_FIELDS, maybe),
    **dict.fromkeys(["matched_policies", "ip_tags", "device_tags"], st.lists(texts, max_size=5).map(tuple)),
)


alerts = st.builds(
    Alert,
    alert_id=st.uuids().map(lambda uuid: uuid.hex),
    policy_id=texts,
    policy_name=texts,
    policy_type=st.sampled_from(["activity", "repeated_activity", "sequence", "system"]),
    severity=st.sampled_from(["informational", "low", "medium", "high"]),
    title=texts,
    description=texts,
    evidence=texts,
    ip_address=addresses,
    risk_score=st.none() | integers,
    activity_ids=st.lists(texts, max_size=5).map(tuple),
    tags=st.lists(texts, max_size=5).map(tuple),
    event=st.sampled_from(get_args(Event)),
    resolution=st.none() | st.sampled_from(RESOLUTIONS),
    closed=st.none() | integers,
    **dict.fromkeys(["category", "user", "app", "app_instance", "country", "comment", "closed_by"], maybe),
)


commands = st.builds(
    GovernanceCommand,
    command_id=st.uuids().map(lambda uuid: uuid.hex),
    action=st.sampled_from(["suspend_user", "own_action"]),
    connector=texts,
    target=texts,
    status=st.sampled_from(get_args(CommandStatus)),
    created=integers,
    finished=st.none() | integers,
    duration=st.none() | integers,
    **dict.fromkeys(["reason", "request", "answer"], texts),
    **dict.fromkeys(["error", "who", "policy_id", "alert_id", "user_id", "app", "app_instance", "reverts"], maybe),
)


HOSTILE = [piece for piece in PIECES if len(piece) < 100]


def hostile_alerts(number: int) -> list[Alert]:
    """Alerts with pieces in every field that is text, the same ones each time."""
    chance = random.Random(17)

    def text() -> str:
        return "".join(chance.choice([*HOSTILE, "word", " "]) for _ in range(chance.randrange(1, 9)))

    named = ("policy_id", "policy_name", "title", "description", "evidence", "category", "user", "app", "app_instance", "country")
    return [
        Alert(
            alert_id=f"{one:032x}",
            policy_type=chance.choice(get_args(PolicyType)),
            severity=chance.choice(SEVERITIES),
            activity_ids=tuple(text() for _ in range(chance.randrange(4))),
            tags=tuple(text() for _ in range(chance.randrange(4))),
            event=chance.choice(get_args(Event)),
            created=1_769_860_800_000 + one,
            **{name: text() for name in (*named, "comment", "closed_by", "ip_address")},
        )
        for one in range(number)
    ]
