"""The class of an alert in CEF: by the shipped policy that raised it, else by what its policy matches (`data/cef_alert_classes.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from casbd.documents import Document
from casbd.model.alert import Alert

OF_ACTIVITY_POLICIES = "ALERT_CABINET_EVENT_MATCH_AUDIT"
"""Of all that the table does not name."""

_FILE = Path(__file__).parents[1] / "data" / "cef_alert_classes.yaml"


class Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names to classes. policies: by id. kinds: by `Alert.detection`, or its first word. types: by policy type."""

    policies: Mapping[str, str]
    kinds: Mapping[str, str]
    types: Mapping[str, str]


@cache
def table() -> Classes:
    """The whole of it."""
    return msgspec.convert(Document(_FILE).data, Classes)


def alert_class(alert: Alert) -> str:
    """`ALERT_ANUBIS_DETECTION_VELOCITY` of an impossible travel."""
    return _class(alert.policy_id, alert.detection, alert.policy_type)


@lru_cache(1024)
def _class(policy_id: str, detection: str, policy_type: str) -> str:
    names = table()
    return (
        names.policies.get(policy_id)
        or names.kinds.get(detection)
        or names.kinds.get(detection.partition(" ")[0])
        or names.types.get(policy_type, OF_ACTIVITY_POLICIES)
    )
