"""What parts of the work policies that know what is usual are given, one more in each layer: so it is seen what each part costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from casbd.habits.anomaly import anomaly
from casbd.model.counted import Entry
from casbd.policies.policy import Policy


class Layer(NamedTuple):
    """The policies that scanning asks, and those that commits count for."""

    scanned: Sequence[Policy]
    counted: Sequence[Policy]


def layers(others: Sequence[Policy], anomalies: Sequence[Policy]) -> dict[str, Layer]:
    """By what is done. others: policies that are in each of them."""
    everything = [*others, *anomalies]
    filters = [*others, *(replace(one, match=None) for one in anomalies)]
    journal = [*others, *(replace(one, match=_Part(one.match, remembers=False)) for one in anomalies)]
    memories = [*others, *(replace(one, match=_Part(one.match, remembers=True)) for one in anomalies)]
    return {
        "without": Layer(others, others),
        "+ filters": Layer(filters, others),
        "+ subjects and values": Layer(everything, others),
        "+ journal": Layer(everything, journal),
        "+ memories": Layer(everything, memories),
        "+ findings": Layer(everything, everything),
    }


class _Part:
    """A match of which nothing is ever found. remembers: memories are kept, and written."""

    def __init__(self, match: Any, *, remembers: bool) -> None:
        assert anomaly(match) is not None
        self._match, self._remembers = match, remembers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._match, name)

    def memory(self, packed: Any = None) -> Any:
        return self._match.memory(packed) if self._remembers else _Nothing()

    def organization(self, packed: Any = None) -> Any:
        return self._match.organization(packed) if self._remembers else None

    def findings(self, memory: Any, organization: Any, who: str) -> tuple[()]:
        return ()


class _Nothing:
    """A memory of nothing but the time."""

    def __init__(self) -> None:
        self.newest = -(2**62)

    def add(self, entry: Entry) -> None:
        self.newest = max(self.newest, entry.timestamp)

    def settle(self, before: int) -> None:
        pass

    def packed(self) -> None:
        return None

    def lighten(self) -> bool:
        return False
