"""A layer of the ATT&CK Navigator: what is known of techniques, drawn over ATT&CK's matrix.

Format: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

VERSIONS = {"layer": "4.5", "navigator": "5.1.0"}


class Mark(NamedTuple):
    """One technique. score: a number that the Navigator shows and sorts by; None: no score. comment: shown beside it."""

    technique: str
    color: str
    score: int | None
    comment: str


def layer(name: str, description: str, marks: Sequence[Mark], legend: Mapping[str, str], *, attack: str, platforms: Sequence[str]) -> bytes:
    """A layer file, JSON. legend: label to colour (#rrggbb). attack: the version of ATT&CK. platforms: whose matrices are shown."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "name": name,
                "versions": {"attack": attack, **VERSIONS},
                "domain": "enterprise-attack",
                "description": description,
                "filters": {"platforms": platforms},
                "sorting": 0,
                "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
                "hideDisabled": False,
                "techniques": [_technique(mark) for mark in marks],
                "legendItems": [{"label": label, "color": color} for label, color in legend.items()],
                "selectSubtechniquesWithParent": False,
            }
        ),
        indent=1,
    )


def _technique(mark: Mark) -> dict[str, Any]:
    technique: dict[str, Any] = {"techniqueID": mark.technique, "color": mark.color, "comment": mark.comment, "enabled": True}
    return technique if mark.score is None else technique | {"score": mark.score}
