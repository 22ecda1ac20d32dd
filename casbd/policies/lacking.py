"""Policies that look at what nobody fills in, as the configuration is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casbd.config.settings import Settings
from casbd.model.activity import FIELDS
from casbd.plugins import Enricher, Lacking, Telling
from casbd.policies.policy import Policy


class Lack(NamedTuple):
    """section: of the configuration. needs: what it takes, in words. fields: of those policies that look at them."""

    section: str
    needs: str
    fields: Sequence[str]
    policies: Sequence[Policy]


def lacking(settings: Settings, policies: Sequence[Policy], enrichers: Sequence[Enricher]) -> Iterator[Lack]:
    """What the policies lack, one for all that lack the same."""
    mapped = {field for entry in settings.inputs if isinstance(entry.options, Telling) for field in entry.options.words()}
    without: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for enricher in enrichers:
        for field, text in enricher.lacks().items() if isinstance(enricher, Lacking) else ():
            if field not in mapped:
                without[enricher.section, text].append(field)
    for (section, text), fields in without.items():
        looking = [policy for policy in policies if not policy.looks_at().isdisjoint(fields)]
        if looking:
            needed = [field for field in FIELDS if field in fields and any(field in policy.looks_at() for policy in looking)]
            yield Lack(section, text, needed, looking)
