"""Answers that are remembered: for look-ups by texts that come again and again, and that records (or an attacker) make up."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(dict[K, V], Generic[K, V]):
    """`remembered[key]` is `ask(key)`, which must always say the same of a key.

    most: so many keys are kept; then all are forgotten, as keeping the most used ones would cost more than asking again.
    longest: characters; of a longer key the answer is not kept. So both bound the memory. worth_keeping: of which answers the key
    is likely to come again; all of them otherwise.
    """

    def __init__(self, ask: Callable[[K], V], most: int, longest: int = 500, worth_keeping: Callable[[V], bool] | None = None) -> None:
        super().__init__()
        self._ask = ask
        self._most = most
        self._longest = longest
        self._worth_keeping = worth_keeping

    def __missing__(self, key: K) -> V:
        answer = self._ask(key)
        if length_of(key) <= self._longest and (self._worth_keeping is None or self._worth_keeping(answer)):
            if len(self) >= self._most:
                self.clear()
            self[key] = answer
        return answer


def length_of(key: Hashable) -> int:
    """How many characters are in a key."""
    if isinstance(key, tuple):
        return sum(map(length_of, key))
    return len(key) if isinstance(key, str | bytes) else 0
