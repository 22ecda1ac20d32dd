"""MITRE ATT&CK as policies' tags name it: `attack.t1078.004` is the technique T1078.004 (https://sigmahq.io/sigma-specification/, tags)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

VERSION = "17"
"""Of ATT&CK, of which the table is."""
MATRICES = {"P": "Identity Provider", "O": "Office Suite", "S": "SaaS", "I": "IaaS"}
"""The cloud matrices (https://attack.mitre.org/matrices/enterprise/cloud/), by their letter in the table."""
TACTICS = (
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion"),
    *("credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact"),
)
"""In the order of ATT&CK's page."""
_TABLE = Path(__file__).parent.parent / "data" / "attack_techniques.txt"
_TAG = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


class Technique(NamedTuple):
    """matrices: the cloud matrices that it is in, by the name of the platform. seen: whether audit records can show it."""

    id: str
    name: str
    tactics: tuple[str, ...]
    matrices: tuple[str, ...]
    seen: bool

    @property
    def parent(self) -> str | None:
        """The technique that it is a part of; None of what is none's part."""
        return self.id.partition(".")[0] if "." in self.id else None


@cache
def techniques() -> Mapping[str, Technique]:
    """All of ATT&CK for Enterprise, by id, in the order of ids."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return {one.id: one for one in (_technique(line) for line in lines if not line.startswith("#"))}


def _technique(line: str) -> Technique:
    name, where, tactics, title = line.split(" ", 3)
    of_cloud = tuple(MATRICES[letter] for letter in where.strip("-!"))
    return Technique(name, title, tuple(sorted(tactics.split(","), key=TACTICS.index)), of_cloud, "!" not in where)


def named(tags: Iterable[str]) -> list[str]:
    """The ids of the techniques that tags name, known or not: T1078.004."""
    return [match[1].upper() for tag in tags if (match := _TAG.fullmatch(tag))]
