"""Where reports come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from casbd.config.connector_actions import connector_actions
from casbd.config.reading import load
from casbd.config.settings import Settings
from casbd.policies.loading import load_rule_set
from casbd.policies.policy import Policy
from casbd.pseudonyms import Pseudonyms
from casbd.pseudonyms.configured import pseudonyms_of
from casbd.store.database import Store


class Sources(Struct, frozen=True, kw_only=True):
    """What is known. shown: how people are named. now: milliseconds since 1970."""

    store: Store
    settings: Settings
    policies: Sequence[Policy]
    shown: Pseudonyms
    now: int


@contextmanager
def opened(configuration: Path, now: int) -> Iterator[Sources]:
    """Everything as a configuration says. Mistakes where something is wrong in it, StoreError where there is no store."""
    settings = load(configuration)
    policies = load_rule_set(settings.rules, connector_actions(settings)).policies
    shown = pseudonyms_of(settings.privacy)
    with Store(settings.state_dir, readonly=True) as store:
        yield Sources(store=store, settings=settings, policies=policies, shown=shown, now=now)
