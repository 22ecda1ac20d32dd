"""casbd's promise as a machine: whatever fails and whenever it is restarted, nothing is lost and nothing is counted twice.

One core is crashed, restarted, reloaded and delivers; another one gets the same chunks and is never interrupted.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import MINUTE, Core, chunk, load_rules, reject, settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from casbd.errors import Retry
from casbd.model.chunk import Chunk
from casbd.outbox.to_output import ToOutput
from casbd.store.log import segments
from casbd.store.state import governance_log, input_progress, outbox, window_entries
from tests.store.machine_parts import RULES, Destination, Tripwire, chunks, known_record

SETTINGS = settings({"siem": ["alerts"], "lake": ["alerts", "activities"]}, mode="enforce", max_per_hour=5)
DESTINATIONS = ("siem", "lake")
MEMORY = Path("/dev/shm")
"""Where there is one: what is tested is the order of things, not the disk."""


class StoreMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.monkeypatch = pytest.MonkeyPatch()
        self.monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 20)
        self.directory = Path(tempfile.mkdtemp(prefix="casbd-machine-", dir=MEMORY if MEMORY.is_dir() else None))
        self.policies = [load_rules(self.directory / f"rules{n}", rules) for n, rules in enumerate(RULES)]
        self.core, self.undisturbed = (Core(self.directory / name, settings=SETTINGS) for name in ("core", "undisturbed"))
        for core in (self.core, self.undisturbed):
            core.use(self.policies[0])
        with self.undisturbed.store.transaction() as connection:  # the same salt, so that ties are broken alike
            connection.execute("UPDATE meta SET value = ? WHERE name = 'salt'", (self.core.store.salt(),))
        self.undisturbed.use(self.policies[0])
        self.offsets: Counter[str] = Counter()
        self.read: list[Chunk] = []
        self.destinations = {name: Destination() for name in DESTINATIONS}
        self.done: Counter[str] = Counter()

    def teardown(self) -> None:
        if hasattr(self, "core"):
            self.core.close()
            self.undisturbed.close()
            shutil.rmtree(self.directory)
            self.monkeypatch.undo()

    def _cut(self, drawn: Any) -> list[Chunk]:
        made = []
        offsets = self.offsets.copy()
        for name, instance, numbers, rejects in drawn:
            made.append(
                chunk(
                    [known_record(number) for number in numbers],
                    name=name,
                    path=f"/in/{name}",
                    start=offsets[name],
                    instance=instance,
                    rejects=[reject(name=name, offset=offsets[name])] * rejects,
                )
            )
            offsets[name] = made[-1].position.offset
        return made

    def _committed(self, made: list[Chunk]) -> None:
        self.undisturbed.feed(*made)
        self.read += made
        for one in made:
            self.offsets[one.input] = one.position.offset

    @rule(drawn=chunks, minutes=st.integers(0, 30))
    def commit(self, drawn: Any, minutes: int) -> None:
        self.core.now = self.undisturbed.now = self.core.now + minutes * MINUTE
        made = self._cut(drawn)
        self.core.feed(*made)
        self._committed(made)

    @rule(drawn=chunks, step=st.integers(0, 40), at_commit=st.booleans(), restart=st.booleans(), again=st.booleans())
    def fail_to_commit(self, drawn: Any, step: int, at_commit: bool, restart: bool, again: bool) -> None:
        """The disk is full at some statement, or at the very end; the daemon goes on, or is started anew."""
        made = self._cut(drawn)
        wire = Tripwire(self.core.store.connection)
        wire.left, wire.at_commit = (None if at_commit else step), at_commit
        self.core.store.connection = wire  # type: ignore[assignment]
        try:
            self.core.feed(*made)
        except sqlite3.OperationalError:
            failed = True
        else:
            failed = False
        self.core.store.connection = wire.connection
        if not failed:
            self._committed(made)
        if restart:
            self._restart()
        elif failed:
            self.core.pipeline.reload_state()
        if failed and again:
            self.core.feed(*made)
            self._committed(made)

    @rule(drawn=chunks)
    def die_inside_the_transaction(self, drawn: Any) -> None:
        """What SIGKILL leaves: the files as they are on disk in the middle of it."""
        made = self._cut(drawn)
        copy = self.directory / "copy"
        with contextlib.suppress(InterruptedError), self.core.store.transaction() as connection:
            outbox.add_block(connection, "siem", 1, 1)
            input_progress.save_positions(connection, [replace(one.position, offset=-1) for one in made])
            shutil.copytree(self.core.directory / "state", copy)
            raise InterruptedError
        self.core.close()
        shutil.rmtree(self.core.directory / "state")
        copy.rename(self.core.directory / "state")
        self._restart()

    @rule(least=st.integers(1, 40), killed=st.sampled_from(["not", "while writing", "before it is adopted", "after"]))
    def make_a_segment(self, least: int, killed: str) -> None:
        """Of the oldest blocks, but for those that are still to be sent."""
        planned = segments.plan(self.core.store, at_least=least)
        if planned is None:
            return
        made = segments.write(self.core.store, planned)
        directory = self.core.store.directory / segments.DIRECTORY
        paths = [directory / part.file for part in made]
        if killed == "while writing":
            paths[-1].rename(paths[-1].with_suffix(".new"))
        elif killed != "before it is adopted":
            segments.adopt(self.core.store, planned, made)
        if killed != "not":
            self._restart()
            assert all(path.exists() == (killed == "after") for path in paths)
            assert [*directory.rglob("*.new")] == []

    @rule()
    def restart(self) -> None:
        self._restart()

    def _restart(self) -> None:
        now = self.core.now
        self.core.reopen()
        self.core.now = now

    @rule(which=st.integers(0, len(RULES) - 1))
    def reload(self, which: int) -> None:
        for core in (self.core, self.undisturbed):
            core.use(self.policies[which])

    @rule(name=st.sampled_from(DESTINATIONS), plan=st.tuples(st.sampled_from(["take", "retry", "reject"]), st.integers(0, 5)))
    def deliver(self, name: str, plan: tuple[str, int]) -> None:
        destination = self.destinations[name]
        destination.plan = plan
        delivering = ToOutput(name, destination, lambda: self.core.now)
        try:
            delivering.deliver(self.core.store, 4)
        except Retry:
            assert plan[0] == "retry"
        with self.core.store.transaction() as connection:
            delivering.write(connection)

    @invariant()
    def received_is_records_and_duplicates_and_rejects(self) -> None:
        for name, (received, records, activities, duplicates, rejects) in self.core.counts().items():
            mine = [one for one in self.read if one.input == name]
            assert received == sum(len(one.records) + len(one.rejects) for one in mine) == records + duplicates + rejects
            assert activities == records
        assert self.core.counts() == self.undisturbed.counts()

    @invariant()
    def every_activity_is_there_once(self) -> None:
        expected = Counter()
        for one in self.read:
            for activity in self.undisturbed.scanner.scan(one).activities:
                expected[activity.app_instance, activity.activity_id] = 1
        assert Counter((a.app_instance, a.activity_id) for a in self.core.activities()) == expected

    @invariant()
    def alerts_are_those_of_a_run_without_interruption(self) -> None:
        assert self.core.alerts() == self.undisturbed.alerts()
        assert list(governance_log.every(self.core.store.connection)) == list(governance_log.every(self.undisturbed.store.connection))

    @invariant()
    def each_alert_is_delivered_or_waits_for_each_destination(self) -> None:
        """Nothing is ever taken out of the other core's outbox: it has all that there was to deliver, in order."""
        for name, destination in self.destinations.items():
            everything = self._items(self.undisturbed, name)
            waiting = self._items(self.core, name)
            went = destination.taken
            assert len(went) + len(waiting) == len(everything)
            assert waiting == everything[len(went) :]
            assert all(mine in (theirs, "refused") for mine, theirs in zip(went, everything, strict=False))
            told = {row.alert().alert_id: row.alert().event for row in reversed(self.undisturbed.waiting(name)) if row.kind == "alert"}
            assert {*told.values()} <= {"raised"}  # what is told first
            for alert in self.core.alerts():
                if alert.merged_into is None:  # a part of another one since the commit that raised it is never told
                    assert (alert.alert_id in told) == (not alert.suppressed)

    def _items(self, core: Core, name: str) -> list[str]:
        found: list[str] = []
        for row in core.waiting(name):
            if row.kind == "alert":
                found.append(row.alert().alert_id)
            else:
                block = core.block(row.block_id)
                found += [activity.activity_id for activity in block[row.sent :]]
        return found

    @invariant()
    def positions_are_those_of_the_last_chunk(self) -> None:
        expected = {one.path: one.position.offset for one in self.read}
        assert {position.path: position.offset for position in input_progress.positions(self.core.store.connection)} == expected


StoreMachine.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=20)
TestStoreMachine = StoreMachine.TestCase
