"""The policies that ship with casbd, to make one's own of."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

from casbd.filters.tree import conditions
from casbd.model.activity import FIELDS
from casbd.plugins import Lacking
from casbd.plugins.registry import load_all
from casbd.policies.loading import load, load_file
from casbd.policies.policy import Policy

_PLACES = (Path(__file__).parents[2] / "rules", Path(sys.prefix) / "share/casbd/rules", Path("/usr/share/casbd/rules"))
_NAME = re.compile(r"^(?=name[ \t]*:)", re.MULTILINE)


def directory() -> Path | None:
    """Where they are: beside the source, or where the package was installed to."""
    return next((place for place in _PLACES if any(place.glob("*.yaml"))), None)


def templates() -> list[Policy]:
    """All of them, by id; none where casbd was installed without them."""
    place = directory()
    return load([place]) if place else []


def text_of(template: Policy, policy_id: str) -> str:
    """The rule file of a policy made from a template, which it names. Mistakes where the id is none."""
    text = _NAME.sub(f"template: {template.id}\n", template.path.read_text(encoding="utf-8"), count=1)
    load_file(Path(f"{policy_id}.yaml"), text=text)
    return text


def needs(policy: Policy) -> list[str]:
    """What a policy cannot work without: the exports of its apps, and what the configuration has to name."""
    wanted = [*conditions(policy.filters)]
    apps = [str(value) for c in wanted if c.field in ("app", "source") and c.operator == "eq" and not c.negated for value in c.values]
    needed = [f"records of {', '.join(dict.fromkeys(apps))}"] if apps else []
    lacking = _lacks()
    return [*needed, *dict.fromkeys(lacking[field] for field in FIELDS if field in lacking and field in policy.looks_at())]


@cache
def _lacks() -> dict[str, str]:
    """The fields that nobody fills in where nothing is configured, and what it takes."""
    bare = [cls(cls.Options()) for cls in load_all("enrichers").values()]
    return {field: text for enricher in bare if isinstance(enricher, Lacking) for field, text in enricher.lacks().items()}
