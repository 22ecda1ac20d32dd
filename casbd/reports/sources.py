"""Where reports come from."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from casbd.config.settings import Settings
from casbd.policies.policy import Policy
from casbd.pseudonyms import Pseudonyms
from casbd.store.database import Store


class Sources(Struct, frozen=True, kw_only=True):
    """What is known. shown: how people are named. now: milliseconds since 1970."""

    store: Store
    settings: Settings
    policies: Sequence[Policy]
    shown: Pseudonyms
    now: int
