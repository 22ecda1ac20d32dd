"""Records, chunks, rules and settings for tests, and the two halves of the pipeline over a real store."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from casbd.activity_log import ActivityLog
from casbd.clock import Uptime, monotonic
from casbd.config.reach import Reach
from casbd.config.settings import Governance, Limits, Outbox, PluginSettings, Retention, Settings
from casbd.daemon.running import Running
from casbd.governance.rails import GroupsOf, Rails, meaning
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.chunk import Chunk, Position, Reject
from casbd.model.governance import GovernanceCommand
from casbd.pipeline import Pipeline
from casbd.pipeline.scan import Scanner
from casbd.plugins import Options, registry
from casbd.policies import loading
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer, Part
from casbd.store.state import governance_log, input_progress, outbox, raised_alerts

NOON = 1_767_268_800_000
"""2026-01-01T12:00:00Z, when everything in these tests begins."""
MINUTE = 60_000
HOUR = 60 * MINUTE

_numbers = itertools.count(1)


def record(*, at: int = 0, **fields: Any) -> bytes:
    """A Microsoft 365 audit record: a failed log on unless told otherwise. at: milliseconds after noon; None leaves a field out."""
    number = next(_numbers)
    base = {
        "Id": f"00000000-0000-4000-8000-{number:012d}",
        "CreationTime": iso(NOON + at)[:-1],
        "Operation": "UserLoginFailed",
        "Workload": "AzureActiveDirectory",
        "RecordType": 15,
        "OrganizationId": "contoso",
        "UserType": 0,
        "UserId": "a@contoso.com",
        "ClientIP": "203.0.113.7",
    }
    return json.dumps({key: value for key, value in (base | fields).items() if value is not None}).encode()


def chunk(records: Sequence[bytes], *, name: str = "m365", path: str = "/in/a.json", start: int = 0, **fields: Any) -> Chunk:
    """Records as an input hands them over, the first at byte `start`."""
    offsets = [*itertools.accumulate((len(one) + 1 for one in records), initial=start)]
    end = offsets[-1]
    where = Position(
        input=name, path=path, device=1, inode=sum(path.encode()), fingerprint="", fingerprint_size=0, offset=end, size=end, seen=NOON
    )
    values = {"format": "m365", "instance": None, "rejects": []} | fields
    return Chunk(input=name, path=path, records=list(records), offsets=offsets[:-1], position=where, **values)


def events(caplog: pytest.LogCaptureFixture, room: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What a room (`casbd.outbox`) logged: the level, the event and what is said beside it, all of which operators search for."""
    plain = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}  # the last three of formatters
    return [
        (one.levelname, one.getMessage(), {name: value for name, value in vars(one).items() if name not in plain})
        for one in caplog.records
        if one.name.startswith(room)
    ]


def reload(running: Running) -> None:
    """A reload of a running casbd, from asking to taking it up."""
    running.reload.ask()
    until = monotonic() + 60
    while running.reload.is_under_way:
        running.reload.go_on()
        assert monotonic() < until


def reject(*, name: str = "m365", offset: int = 0, raw: bytes = b"\xff") -> Reject:
    """What an input could not cut into a record."""
    return Reject(input=name, input_file="/in/a.json", input_offset=offset, reason="not a record", raw=raw)


def activities_at(*times: int, name: str = "x") -> list[Activity]:
    """An activity at each of these times; their ids begin with the name."""
    return [Activity(time, f"{name}{number}") for number, time in enumerate(times)]


def part(activities: Sequence[Activity], packer: Packer | None = None, keys: Sequence[int] | None = None) -> Part:
    """Activities as a block holds them."""
    packer = packer or Packer()
    packer.begin()
    packer.add(activities)
    return packer.part(keys or range(1, len(activities) + 1))


def repeated(number: int = 3, within: str = "5m", **more: Any) -> dict[str, dict[str, Any]]:
    """The rule `burst`: so many failed log ons. more: other keys of its match, and of the rule."""
    keys = {key: more.pop(key) for key in ("by", "single_app", "unique") if key in more}
    return {"burst": {"match": {"repeated": number, "within": within} | keys} | more}


def failures(*times: int, **fields: Any) -> list[bytes]:
    """A failed log on at each of these times (ms after noon)."""
    return [record(at=time, **fields) for time in times]


def load_rules(directory: Path, rules: Mapping[str, Mapping[str, Any]]) -> list[Policy]:
    """Policies by way of their files: ids to the content of each."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.yaml"):
        path.unlink()
    for name, rule in rules.items():
        with (directory / f"{name}.yaml").open("w") as file:
            whole = {"name": name, "filters": {"activity_type": {"eq": "Failed log on"}}} | dict(rule)
            YAML(typ="safe").dump({key: value for key, value in whole.items() if value is not None}, file)
    return loading.load([directory])


def settings(outputs: Mapping[str, Sequence[str]] | None = None, **governance_options: Any) -> Settings:
    """Settings with these outputs (name to what it is sent) and this care with accounts."""
    sends = {"siem": ["alerts"]} if outputs is None else outputs
    return Settings(
        path=Path("casbd.yaml"),
        state_dir=Path("state"),
        rules=(),
        inputs=(),
        enrichers={},
        outputs=tuple(PluginSettings(name=name, type="file", options=Options(), send=tuple(send)) for name, send in sends.items()),
        connectors=(),
        governance=Governance(**governance_options),
        retention=Retention(),
        outbox=Outbox(),
        limits=Limits(),
        metrics=None,
        workers=1,
        log_level="info",
    )


default_settings = settings()


class Core:
    """casbd without inputs, enrichers and threads: what is fed is scanned and committed. `now` is its time.

    ahead: so much more than `now` says (ms) has really gone by. reaches: whose accounts which connector takes; None: not asked.
    """

    def __init__(self, directory: Path, *, rules: Mapping[str, Mapping[str, Any]] | None = None, settings: Settings | None = None) -> None:
        self.directory = directory
        self.settings = settings or default_settings
        self.now = NOON
        self.ahead = 0
        self.reaches: Mapping[str, Reach] | None = None
        self.policies: list[Policy] = load_rules(directory / "rules", rules or {})
        self.format = registry.load("formats", "m365")(Options())
        self.open()

    def open(self) -> None:
        """Start, with what the store has."""
        self.store = Store(self.directory / "state")
        self.store.connection.execute("PRAGMA synchronous = OFF")  # no test pulls the plug
        segments.remove_strays(self.store)
        self.pipeline = Pipeline(self.store, self.settings, self.policies, lambda: self.now, self.rails())
        self._new_scanner()

    def close(self) -> None:
        """End; twice does no harm."""
        self.store.close()

    def reopen(self) -> None:
        """A restart."""
        self.close()
        self.open()

    def use(self, policies: list[Policy], settings: Settings | None = None, groups_of: GroupsOf | None = None) -> None:
        """A reload."""
        self.policies = policies
        self.settings = settings or self.settings
        self.pipeline.use(self.settings, policies, self.rails(groups_of))
        self._new_scanner()

    def rails(self, groups_of: GroupsOf | None = None) -> Rails:
        """Those of the present policies and settings."""
        return Rails(self.settings.governance, groups_of, self.policies, self.reaches, lambda: Uptime("boot", self.now - NOON + self.ahead))

    def _new_scanner(self) -> None:
        self.scanner = Scanner(lambda *_: self.format, [], Matcher(self.policies), self.store.salt())

    def feed(self, *chunks: Chunk) -> int:
        """Scan and commit in one transaction; how many alerts were raised."""
        return self.pipeline.commit([self.scanner.scan(chunk) for chunk in chunks])

    def feed_records(self, *records: bytes) -> int:
        """One chunk of these."""
        return self.feed(chunk(records))

    def alerts(self) -> list[Alert]:
        """All, oldest activity first."""
        return list(raised_alerts.find(self.store.connection))

    def activities(self) -> list[Activity]:
        """All, as they were stored."""
        return [activity for several in ActivityLog(self.store).scan() for activity in several]

    def block(self, number: int) -> list[Activity]:
        """The activities of one block."""
        return blocks.read_block(self.store.connection, number)

    def meanings(self) -> dict[str, str]:
        """What each policy asks for, as a hash."""
        return {policy.id: meaning(policy) for policy in self.policies}

    def commands(self) -> list[GovernanceCommand]:
        """The governance log."""
        return list(governance_log.every(self.store.connection))

    def counts(self) -> dict[str, tuple[int, int, int, int, int]]:
        """By input: received, records, activities, duplicates, rejects."""
        found = input_progress.counts(self.store.connection)
        return {name: (c.received, c.records, c.activities, c.duplicates, c.rejects) for name, c in found.items()}

    def waiting(self, destination: str = "siem") -> list[outbox.Row]:
        """What is still to be delivered to one destination, in order."""
        return outbox.head(self.store.connection, destination, 100_000)


def summary(core: Core) -> list[tuple[str, str, int, int, int]]:
    """What must not depend on the order of arrival: who, from when to when, how many."""
    return sorted(
        (a.policy_id, a.user or "", a.first_activity, a.last_activity, a.activity_count) for a in core.alerts() if not a.merged_into
    )
