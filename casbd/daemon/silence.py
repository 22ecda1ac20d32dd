"""How long an input has been silent: by the time of day, or by a clock that nobody sets where that tells of longer.

Else an input is never silent after a clock that was a year ahead was set right: its last record came in a year.
"""

from __future__ import annotations

from collections.abc import Callable

from casbd.clock import monotonic


class Silence:
    """Of all inputs. now: seconds, never set back."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._seen: dict[str, tuple[int, float]] = {}

    def of(self, name: str, last: int, now: int, started: int) -> int:
        """Milliseconds since an input's last record, or the start. last, now, started: by the time of day; to be asked now and then."""
        if self._seen.get(name, (None, 0.0))[0] != last:
            self._seen[name] = last, self._now()
        return max(now - max(last, started), int((self._now() - self._seen[name][1]) * 1000))
