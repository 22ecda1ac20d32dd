"""The policies that ship with casbd, to make one's own of."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from casbd.policies.loading import load, load_file
from casbd.policies.policy import Policy, Sequenced
from casbd.policies.tree import conditions

_PLACES = (Path(__file__).parents[2] / "rules", Path(sys.prefix) / "share/casbd/rules", Path("/usr/share/casbd/rules"))
_NEEDS = {
    "ip_category": "IP ranges (enrichment.ip_ranges)",
    "ip_tags": "IP ranges or lists (enrichment)",
    "user_groups": "user groups (organization.user_groups)",
    "is_external_user": "the organization's domains",
    "city": "a city file (enrichment.city)",
    "latitude": "a city file (enrichment.city)",
    "longitude": "a city file (enrichment.city)",
    "isp": "an ASN file (enrichment.asn)",
    "asn": "an ASN file (enrichment.asn)",
}
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
    """What a policy cannot work without: the exports of its apps, and files that the configuration names."""
    asked = [*conditions(policy.filters)]
    apps = [str(value) for c in asked if c.field in ("app", "source") and c.operator == "eq" and not c.negated for value in c.values]
    found = [f"records of {', '.join(dict.fromkeys(apps))}"] if apps else []
    counted = (*policy.match.by, "" if isinstance(policy.match, Sequenced) else policy.match.unique or "") if policy.match else ()
    fields = [*(c.field for c in asked), *counted]
    return [*found, *dict.fromkeys(_NEEDS[field] for field in fields if field in _NEEDS)]
