"""Which users failed to log on from a network of late, and which succeeded."""

from __future__ import annotations

from collections.abc import Iterable

from casbd.habits.anomaly import HOUR

_MOST_USERS, _MOST_TIMES = 64, 26


class Network:
    """Who failed, and who succeeded: by user the newest times, one an hour; of successes the first. outsiders: of those who succeeded."""

    __slots__ = ("failed", "outsiders", "succeeded")

    def __init__(
        self,
        failed: dict[str, list[int]] | None = None,
        succeeded: dict[str, list[int]] | None = None,
        outsiders: Iterable[str] = (),
    ) -> None:
        self.failed, self.succeeded, self.outsiders = failed or {}, succeeded or {}, {*outsiders}

    def add(self, who: str, moment: int, *, succeeded: bool) -> None:
        """One more."""
        users = self.succeeded if succeeded else self.failed
        times = users.setdefault(who, [])
        same = next((number for number, time in enumerate(times) if time // HOUR == moment // HOUR), None)
        if same is not None:
            times[same] = min(times[same], moment)
            return
        times.append(moment)
        times.sort()
        del times[slice(1, None) if succeeded else slice(-_MOST_TIMES)]
        if len(users) > _MOST_USERS:
            late = max if succeeded else min  # where so many got in, who came later is nobody's stranger
            gone = late(users, key=lambda one: (users[one][-1], one))
            del users[gone]
            if succeeded:
                self.outsiders.discard(gone)

    def strangers(self, moment: int, within: int, but: str) -> list[int]:
        """When others first failed around a time who had not succeeded an hour after they failed, in order."""
        first: list[int] = []
        for who, times in self.failed.items():
            until = self.succeeded[who][0] - HOUR if who in self.succeeded else moment + within + 1
            around = [time for time in times if abs(time - moment) <= within and time < until]
            if around and who != but:
                first.append(min(around))
        return sorted(first)

    def insiders(self, until: int, but: str) -> int:
        """How many others of the organization's own had succeeded until then."""
        return sum(who != but and who not in self.outsiders and times[0] <= until for who, times in self.succeeded.items())
