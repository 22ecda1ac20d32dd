"""An account that was active, was not for long, and is again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd.counting.subjects import different
from casbd.habits.anomaly import HOUR, MOST_KEPT, Finding, PlainAnomaly
from casbd.habits.had_by import CARRIED, PARTED, by_of, device_mark, is_managed, telling, text_of, unversioned
from casbd.habits.log_ons import hashed
from casbd.habits.spots import SERVERS, block_of
from casbd.habits.values_seen import FIRST_DAY, LONG_AGO, Use, ValuesSeen
from casbd.model.activity import Activity
from casbd.records.record_path import RawReader
from casbd.remembered import Remembered

AWAKE = "active"
"""The one value that is remembered: a memory of kind `new`, whose only value is news again."""


class Waking(PlainAnomaly, frozen=True, kw_only=True):
    """A subject is active again after so long (ms). fewest: on so many days it was active before.

    familiar: a field; who is back with a value that it had before is the owner, or with a device that the organization manages, or near an
    address that it had: in its office or at home. Rented servers are nobody's, and a telephone is where its carrier is.
    """

    kind: ClassVar[str] = "dormant"

    dormant: int
    fewest: int = 1
    familiar: str | None = None
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return ("app", self.familiar, "device_type") if self.familiar else ("app",)

    @property
    def helped_by(self) -> tuple[str, ...]:
        """Fields that it takes where they are there."""
        return ("asn", "device_tags", "ip_address") if self.familiar else ()

    @property
    def counts(self) -> str:
        """See Match."""
        return "activities"

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return (self.familiar,)

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str:  # noqa: ARG002  that it was active is all
        """See Match."""
        if self.familiar is None:
            return AWAKE
        by = activity.user_agent if self.familiar == "user_agent" else different(self.familiar, activity, reader)
        where = activity.device_type, activity.device_tags, activity.ip_address, activity.asn
        return _texts[by, self.familiar == "user_agent", *where]

    def memory(self, packed: Any = None) -> ValuesSeen:
        """See Anomaly."""
        return ValuesSeen(packed)

    def organization(self, packed: Any = None) -> None:
        """See Anomaly."""

    def findings(self, memory: ValuesSeen, organization: None, who: str) -> Sequence[Finding]:  # noqa: ARG002  see Anomaly
        """See Anomaly."""
        if not memory.news:
            return ()
        last, found = memory.last_before(AWAKE), []
        uses = [*memory.uses()]
        for at, use in enumerate(uses):
            slept = (use.hour - last) * HOUR
            if last > LONG_AGO and slept >= self.dormant and memory.days_before(use.hour) >= self.fewest:
                day = [one for one in uses[at:] if one.hour < use.hour + FIRST_DAY]
                if self.familiar is None or not _is_the_owner(memory, day, uses[:at]):
                    found.append(_finding(memory, day, last))
            last = use.hour
        return found


def _text(key: tuple[str | None, bool, str | None, tuple[str, ...], str | None, int | None]) -> str:
    by, is_agent, device, tags, address, asn = key
    if by is not None and is_agent:
        agent = different("user_agent", Activity(user_agent=by), RawReader())
        by = None if agent is None else unversioned[agent]
    value, by, mark = text_of(AWAKE, by, device_mark(device, tags)).split(PARTED)
    block = "" if mark == CARRIED or f"AS{asn}" in SERVERS else block_of(address or "")
    return PARTED.join((value, by, *((hashed(block),) if block else ()), mark))


_texts = Remembered(_text, 20_000)
_PARTS = 4
"""Of what is remembered with the block of addresses."""


def _block(text: str) -> str:
    parts = text.split(PARTED)
    return parts[2] if len(parts) == _PARTS else ""


def _is_the_owner(memory: ValuesSeen, day: Sequence[Use], before: Sequence[Use]) -> bool:
    """Whether most of a day was done with or near what the subject had before, or with what is a managed device's."""
    texts = [*memory.had, *(use.text for use in before)]
    own, near = {by_of(text) for text in texts}, {_block(text) for text in texts} - {""}
    own |= {by_of(use.text) for use in day if is_managed(use.text)}
    counted = telling(use.text for use in day)
    known = {True: 0, False: 0}
    for use in day:
        if use.cell is not None and (by := by_of(use.text)) in counted:
            known[by in own or _block(use.text) in near] += use.cell.count
    return known[True] > known[False]


def _finding(memory: ValuesSeen, day: Sequence[Use], last: int) -> Finding:
    cells = [use.cell for use in day if use.cell is not None]
    return Finding(
        first=cells[0].first.timestamp,
        last=max(cell.last for cell in cells),
        count=sum(cell.count for cell in cells),
        members=tuple(one for cell in cells for one in cell.members)[:MOST_KEPT],
        usual={"asleep_since": last * HOUR, "days": memory.days_before(day[0].hour), "since": memory.begun},
    )
