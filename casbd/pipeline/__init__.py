"""The whole program on one page: from the records of a file to activities, alerts and what is to be delivered.

    exported files ─ inputs ─▶ Chunk ─ scan ─▶ Batch ─ commit ─▶ store ─ outbox ─▶ SIEM, connectors

`Scanner.scan` is a pure function, but for policies that cost far too much: it reads no time of day and no disk, so it runs in this
process or in many, with the same result. `Pipeline.commit` is ordered and has the state: one call is one transaction, and everything
a batch leads to is in it. Kill the process anywhere: what was committed is complete, and what was not is read again.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from casbd.alerting import costly, flood, raising, suppression
from casbd.alerting.flood import FloodGuard
from casbd.clock import Clock
from casbd.config.settings import Settings
from casbd.counting.windows import Windows
from casbd.errors import BadRecord
from casbd.governance import deciding
from casbd.governance.rails import Rails, meaning
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.chunk import Chunk, Position, Reject
from casbd.model.costly import Costly
from casbd.pipeline.enrichment import Enrichment
from casbd.plugins import Enricher, Format
from casbd.policies.asking import Asking
from casbd.policies.matcher import Counted, Matcher
from casbd.policies.policy import Policy
from casbd.records import blanks, long_texts
from casbd.remembered import Remembered
from casbd.store.database import Store
from casbd.store.log import blocks as activity_store
from casbd.store.state import alerts as alert_store
from casbd.store.state import audit, outbox, set_aside
from casbd.store.state import inputs as input_store
from casbd.store.state import policies as policy_store
from casbd.store.state import rejects as reject_store

log = logging.getLogger(__name__)

REJECT_BYTES = 4096
TOGETHER = 64
"""So many records fit into the processor's second-level cache."""


class Batch(msgspec.Struct):
    """A scanned chunk. parsed: how many of its records gave activities.

    stored: the activities with their keys, as they will be stored. rows: the number of each one's record. matches: the
    number of an activity, the activity, and the ids of the policies whose filters it meets with what each counts of it.
    costly: the policies that the scanner asks no more since it began. unasked: about so many activities no policy was asked.
    """

    input: str
    position: Position
    received: int
    parsed: int = 0
    stored: activity_store.Part = activity_store.NOTHING
    rows: list[int] = []
    matches: list[tuple[int, Activity, tuple[str, ...], tuple[tuple[Counted, ...], ...]]] = []
    rejects: list[Reject] = []
    costly: list[Costly] = []
    unasked: int = 0

    @property
    def activities(self) -> list[Activity]:
        """All of them, read back from `stored`."""
        return self.stored.activities()


class Scanner:
    """The first half: parse, normalise, enrich, match.

    formats: by input name and format name. salt: the store's own, so that keys cannot be forged.
    """

    def __init__(self, formats: Callable[[str, str], Format], enrichers: Sequence[Enricher], matcher: Matcher, salt: bytes) -> None:
        self._formats = formats
        self._enrich = Enrichment(enrichers).enrich
        self._asking = Asking(matcher)
        self._keys = Keys(salt)
        self._packer = activity_store.Packer()

    def scan(self, chunk: Chunk, *, careful: bool = False) -> Batch:
        """All activities of a chunk; what cannot be one becomes a reject, and the next record is read.

        Some records go through all stages together, and then make room for the next ones: the processor's caches hold them.
        careful: each record goes alone, so that one which breaks a stage harms no other; it need not be asked for.
        """
        batch = Batch(chunk.input, chunk.position, len(chunk.records) + len(chunk.rejects), rejects=list(chunk.rejects))
        together = 1 if careful else TOGETHER
        keys: list[int] = []
        self._packer.begin()
        self._asking.begin(sum(map(len, chunk.records)))
        for start in range(0, len(chunk.records), together):
            try:
                keys += self._add(batch, chunk, range(start, min(start + together, len(chunk.records))))
            except Exception as error:  # noqa: BLE001  whatever a hostile record breaks: the second turn tells which one it was
                if not careful:
                    return self.scan(chunk, careful=True)  # rare enough
                batch.rejects.append(_reject(chunk, start, error))
        batch.stored = self._packer.part(keys)
        batch.parsed = batch.received - len(batch.rejects)
        batch.costly, batch.unasked = self._asking.end()
        return batch

    def do_without(self, policies: Collection[str]) -> None:
        """Ask some policies, by id, no more."""
        self._asking.do_without(policies)

    def _add(self, batch: Batch, chunk: Chunk, numbers: range) -> list[int]:
        """Put some records' activities into the batch, all or none; their keys."""
        activities, rows = self._parse(batch, chunk, numbers)
        self._enrich(activities)
        matches = []
        for number, ids, counted in self._asking.ask(activities):
            activity = activities[number]
            activity.matched_policies = ids
            matches.append((len(batch.rows) + number, activity, ids, counted))
        keys = self._keys(activities)
        self._packer.add(activities)
        for _, activity, _, _ in matches:
            activity.raw = ""  # it is stored, no alert needs it, and its memory is warm for the next records
        batch.matches += matches
        batch.rows += rows
        return keys

    def _parse(self, batch: Batch, chunk: Chunk, numbers: range) -> tuple[list[Activity], list[int]]:
        """The activities of some records, and the number of each one's record."""
        parse, take_out = self._formats(chunk.input, chunk.format).parse, blanks.take_out
        source, name, path, instance = chunk.format, chunk.input, chunk.path, chunk.instance
        activities, rows = [], []
        for number in numbers:
            record = chunk.records[number]
            try:
                raw = record.decode()
                found = parse(record)
            except (BadRecord, UnicodeDecodeError) as error:
                batch.rejects.append(_reject(chunk, number, error))
                continue
            for activity in found:
                take_out(activity)
                activity.source = source
                activity.input = name
                activity.input_file = path
                activity.input_offset = chunk.offsets[number]
                activity.raw = activity.raw or raw  # a format tells where the record lies within another
                if instance is not None:
                    activity.app_instance = instance
                if not activity.activity_id:
                    activity.activity_id = hashlib.blake2b(record, digest_size=16).hexdigest()
                if len(record) > long_texts.LONGEST:  # each window and alert would hold it; the record has it as it was
                    long_texts.shorten(activity)
                activities.append(activity)
                rows.append(number)
        return activities, rows


class Keys:
    """63 bits (SQLite's integers have a sign) that stand for (instance, id) in one store; never 0."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._begun = Remembered(self._begin, 1000)

    def __call__(self, activities: Iterable[Activity]) -> list[int]:
        """The key of each. UnicodeEncodeError where an id has half a surrogate pair."""
        begun, number, keys = self._begun, int.from_bytes, []
        for activity in activities:
            own = begun[activity.app_instance].copy()
            own.update(activity.activity_id.encode())
            keys.append(number(own.digest(), "little") >> 1 or 1)
        return keys

    def _begin(self, instance: str | None) -> hashlib.blake2b:
        """The part of the hash that all activities of an instance share."""
        return hashlib.blake2b(self._salt + f"{instance}\0".encode(), digest_size=8)


_told: set[tuple[str, int | None]] = set()


def _why(error: Exception, chunk: Chunk, offset: int) -> str:
    """The reason of a reject. What no format raises on purpose is a mistake of ours: it is logged, without the record."""
    match error:
        case BadRecord():
            return str(error).encode("utf-8", "replace").decode()
        case UnicodeDecodeError():
            return f"not UTF-8 (byte {error.start})"
        case UnicodeEncodeError():
            return "not Unicode: half a surrogate pair"
    place = traceback.extract_tb(error.__traceback__)[-1]
    if (place.filename, place.lineno) not in _told:  # once a place: a file may hold millions of such records
        _told.add((place.filename, place.lineno))
        told = {"file": chunk.path, "offset": offset, "error": type(error).__name__, "place": f"{place.filename}:{place.lineno}"}
        log.error("a record broke its format: please report it", extra=told)
    return f"internal error: {type(error).__name__}"


def _reject(chunk: Chunk, number: int, error: Exception) -> Reject:
    record, offset = chunk.records[number], chunk.offsets[number]
    return Reject(
        input=chunk.input, input_file=chunk.path, input_offset=offset, reason=_why(error, chunk, offset), raw=record[:REJECT_BYTES]
    )


class _Raised(NamedTuple):
    """The alerts that a batch raises or lets grow, by alert whose it is, and what is to be added to its run.

    by: the activity that raised it, or let it grow last.
    """

    alerts: dict[str, Alert]
    subjects: dict[str, str]
    growth: dict[str, raising.Growth]
    by: dict[str, Activity]


class Pipeline:
    """The second half: drop repeats, count, raise alerts, ask for governance, and write it all in one transaction.

    alive: is told while a commit takes long and goes on, as it does after a restart when somebody acts who was counted a million times.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        policies: Sequence[Policy],
        clock: Clock,
        rails: Rails | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._alive = alive
        self._packer = activity_store.Packer()
        self._flood = FloodGuard(settings.limits.policy_matches, {})
        self.use(settings, policies, rails)
        self.reload_state()

    def use(self, settings: Settings, policies: Sequence[Policy], rails: Rails | None = None) -> None:
        """Other settings and policies from the next batch on; windows of unchanged policies go on. rails: else those of the settings."""
        self._rails = rails or Rails(settings.governance)
        self._policies: dict[str, Policy] = {policy.id: policy for policy in policies}
        self._most_matches = settings.limits.policy_matches
        self._flood.most = self._most_matches
        self._alert_outputs = [output.name for output in settings.outputs if "alerts" in output.send]
        self._activity_outputs = [output.name for output in settings.outputs if "activities" in output.send]

    @property
    def sends_activities(self) -> bool:
        """Whether some output gets every activity."""
        return bool(self._activity_outputs)

    def reload_state(self) -> None:
        """Read the state in memory anew from the store: at the start, and after a commit that failed."""
        self._seen = activity_store.SeenKeys.load(self._store.connection)
        self._windows = Windows(self._store.connection, self._alive)
        self._flood = FloodGuard(self._most_matches, policy_store.hours(self._store.connection, flood.Hours))

    def commit(self, batches: Sequence[Batch]) -> int:
        """Store some batches and all they lead to; how many alerts were raised.

        An exception means that nothing of it is stored; then `reload_state`, and read the chunks again.
        """
        now = self._clock()
        with self._store.transaction() as connection:
            raised = _Raised({}, {}, {}, {})
            parts: list[activity_store.Part] = []
            tally: Counter[str] = Counter()
            for batch in batches:
                fresh = self._seen.new(batch.stored.keys)
                self._count(batch, fresh, now)
                parts.append(batch.stored if all(fresh) else self._packer.without_repeats(batch.stored, fresh))
                for index, activity, ids, counts in batch.matches:
                    if fresh[index]:
                        for policy_id, counted in zip(ids, counts, strict=True):
                            tally[policy_id] += 1
                            self._matched(policy_id, activity, batch.stored.keys[index], counted, raised, now)
                reject_store.add(connection, batch.rejects, now)
            input_store.save_positions(connection, [batch.position for batch in batches])
            for block in activity_store.add(connection, self._packer, parts, now):
                for output in self._activity_outputs:
                    outbox.add_block(connection, output, *block)
            self._windows.save(connection, now)
            opened = self._save_alerts(raised, now)
            self._tell_floods(now)
            kept = {policy: self._flood.kept(policy) for policy in tally}
            policy_store.count(connection, tally, Counter(alert.policy_id for alert in opened), kept)
            costs = self._tell_costs(batches, now)
        self._windows.saved()
        for title in costs:
            log.error(title)
        return len(opened) + len(costs)

    def raise_system(self, alert: Alert, *, besides: str | None = None) -> bool:
        """Store and send an alert about casbd itself, unless it was raised before. besides: the output that does not get it."""
        with self._store.transaction() as connection:
            if alert_store.get(connection, alert.alert_id):
                return False
            self._deliver(alert, besides)
        return True

    def _count(self, batch: Batch, fresh: list[bool], now: int) -> None:
        """received = records + duplicates + rejects; a record of several activities is new if one of them is."""
        if not batch.received:
            return  # only the position moved: the input has said nothing
        repeated = set() if all(fresh) else set(batch.rows) - {row for row, new in zip(batch.rows, fresh, strict=True) if new}
        counts = input_store.Counts(
            received=batch.received,
            records=batch.parsed - len(repeated),
            activities=sum(fresh),
            duplicates=len(repeated),
            rejects=len(batch.rejects),
            newest=batch.stored.last if batch.stored.keys else None,
        )
        input_store.count(self._store.connection, batch.input, counts, now)

    def _tell_floods(self, now: int) -> None:
        """Say once of each flood that there is one; its alert then counts what is not raised."""
        for policy_id, subject, hours in self._flood.floods():
            told = flood.told(self._policies[policy_id], subject, hours, self._most_matches, now)
            before = alert_store.get(self._store.connection, told.alert_id)
            if before is None:
                self._deliver(told)
            else:
                times = {"activity_count": told.activity_count, "last_activity": told.last_activity}
                alert_store.save(self._store.connection, msgspec.structs.replace(before, **times))

    def _tell_costs(self, batches: Sequence[Batch], now: int) -> list[str]:
        """Set policies aside that the scanner asks no more, and say so, and whose activities it could not ask about; the titles."""
        told = []
        for cost in {one.policy_id: one for batch in batches for one in batch.costly}.values():
            policy = self._policies.get(cost.policy_id)
            if policy is None or not set_aside.add(self._store.connection, set_aside.SetAside(policy.id, meaning(policy), now, cost)):
                continue
            audit.add(self._store.connection, now, "policies set aside", policy.id, msgspec.to_builtins(cost), audit.DAEMON)
            told.append(costly.set_aside(policy, meaning(policy), cost, now))
        for batch in batches:
            if batch.unasked:
                alert = costly.unasked(batch.input, batch.unasked, now)
                before = alert_store.get(self._store.connection, alert.alert_id)
                if before is None:
                    told.append(alert)
                else:
                    more = before.activity_count + batch.unasked
                    alert_store.save(self._store.connection, msgspec.structs.replace(before, activity_count=more))
        for alert in told:
            self._deliver(alert)
        return [alert.title for alert in told]

    def tell_held_back(self) -> bool:
        """Say how many alerts were held back in times that are over; whether there was anything to say."""
        now = self._clock()
        with self._store.transaction() as connection:
            told = [*suppression.over(connection, self._policies, now)]
            for alert in told:
                self._deliver(alert)
        return bool(told)

    def _matched(self, policy_id: str, activity: Activity, key: int, counted: Sequence[Counted], raised: _Raised, now: int) -> None:
        """One activity met one policy's filters: raise an alert, or count it in the windows of repeated activity."""
        policy = self._policies.get(policy_id)
        if policy is None or not policy.enabled:
            return  # scanned before the policy was taken out
        if policy.match is None:
            subject = raising.subject_of_one(activity)
            if policy.mode != "simulate" and not self._flood.raises(policy_id, subject, activity.timestamp):
                return
            alert = raising.of_one(policy, activity, now)
            raised.alerts[alert.alert_id] = alert
            raised.subjects[alert.alert_id] = subject
            raised.by[alert.alert_id] = activity
        for one in counted:
            self._count_one(policy, activity, key, one, raised, now)

    def _count_one(self, policy: Policy, activity: Activity, key: int, counted: Counted, raised: _Raised, now: int) -> None:
        """Count an activity for one subject; its run may be a new alert, or one that grows."""
        who, value = counted
        assert policy.match is not None, "what counts has been told what"
        name = (policy.window_key, who)
        change = self._windows.add(name, policy.match, activity, key, value, lambda: raising.run_identity(policy, who, activity))
        if change is None:
            return
        run = self._alert(raised, change.alert_id)
        while run is not None and run.merged_into is not None:  # all that is left of it is what it was called
            run = self._alert(raised, run.merged_into)
        if run is None:
            if not change.opened:
                return  # a simulated alert, or one that retention has removed
            run = raising.of_a_run(policy, who, activity, now)
        raised.alerts[run.alert_id] = run
        raised.subjects[run.alert_id] = who
        raised.by[run.alert_id] = activity
        growth = raised.growth.setdefault(run.alert_id, raising.Growth())
        growth.add_change(change)
        for other in change.joined:
            later = self._alert(raised, other)
            if later is not None and later.merged_into is None:
                growth.join(later, raised.growth.get(other))
                raised.alerts[other] = msgspec.structs.replace(later, merged_into=run.alert_id)

    def _alert(self, raised: _Raised, alert_id: str) -> Alert | None:
        """An alert as it is stored or about to be, without the members of this batch."""
        return raised.alerts.get(alert_id) or alert_store.get(self._store.connection, alert_id)

    def _save_alerts(self, raised: _Raised, now: int) -> list[Alert]:
        """Store new and grown alerts; those that are new are sent. Returns the new ones."""
        opened = []
        for alert in raised.alerts.values():
            if alert.alert_id in raised.growth:
                alert = raising.grown(alert, raised.growth[alert.alert_id])
            before = alert_store.get(self._store.connection, alert.alert_id)
            if before is not None:
                if before.policy_type in ("repeated_activity", "sequence"):  # it has grown; that of a single activity is as it was
                    alert_store.save(self._store.connection, alert)
                    self._govern(deciding.decide_again, alert, raised, now)
                continue
            policy = self._policies[alert.policy_id]
            if policy.mode == "simulate":
                opened.append(alert)
                continue
            decision = suppression.decide(self._store.connection, policy, raised.subjects[alert.alert_id], now)
            if decision.told is not None:
                self._deliver(decision.told)
            if decision.held:
                alert = msgspec.structs.replace(alert, suppressed=True)
            self._deliver(alert)
            opened.append(alert)
            self._govern(deciding.decide, alert, raised, now)
        return opened

    def _govern(self, decide: deciding.Decide, alert: Alert, raised: _Raised, now: int) -> None:
        """Queue the commands that an alert leads to; a run that became a part of another one, or was closed, leads to none."""
        policy, activity = self._policies.get(alert.policy_id), raised.by.get(alert.alert_id)
        if policy is None or activity is None or alert.merged_into is not None or alert.status != "open":
            return
        for command in decide(self._store.connection, alert, activity, policy, self._rails, now):
            if command.status == "queued":
                outbox.add(self._store.connection, connector_destination(command.connector), command)

    def _deliver(self, alert: Alert, besides: str | None = None) -> None:
        alert_store.save(self._store.connection, alert)
        if not alert.suppressed:
            for output in self._alert_outputs:
                if output != besides:
                    outbox.add(self._store.connection, output, alert)


def connector_destination(name: str) -> str:
    """The name of a connector's queue in the outbox."""
    return f"connector:{name}"
