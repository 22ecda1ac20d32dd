"""The activity log, whatever becomes of its parts and whoever reads meanwhile: nothing is lost, doubled or out of order."""

import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from casbd.activity_log import ActivityLog, Wanted, parts
from casbd.model.activity import Activity, ActivityObject
from casbd.store.database import Store
from casbd.store.log import blocks, packing, segment_damage, segment_files, segments
from casbd.store.log.packing import Packer

DAY = 86_400_000
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
USERS = ["anna@contoso.com", "ANNA@contoso.com", "straße", "STRASSE", None]
FILTERS = [
    [],
    ["user eq anna@contoso.com"],
    ["user eq straße"],
    ["user neq anna@contoso.com", "action_type substring o"],
    ["ip_tags eq Tor"],
    ["raw.n gt 3"],
]
NOW = lambda: START  # noqa: E731  nothing here asks for the time

made_activities = st.builds(
    dict,
    timestamp=st.integers(START, START + 4 * DAY),
    user=st.sampled_from(USERS),
    action_type=st.sampled_from(["one", "two", "Ünö"]),
    ip_tags=st.sampled_from([(), ("Tor",), ("Tor", "Proxy")]),
    objects=st.sampled_from([(), (ActivityObject("1", "ä", "File", "target"),)]),
)


class Log(RuleBasedStateMachine):
    @initialize(few=st.sampled_from([0, 10, parts.FEW]), dealt=st.sampled_from([0, 200, packing.DEALT]), rows=st.sampled_from([2, 9]))
    def begin(self, few, dealt, rows):
        self.directory = Path(tempfile.mkdtemp())
        self.store = Store(self.directory)
        self.expected: list[Activity] = []
        self.numbers = itertools.count()
        self.readers: list[tuple[object, list[Activity], list[Activity]]] = []
        self.patches = [
            patch.multiple(segments, ACTIVITIES=8, PARTS=2),
            patch.object(parts, "FEW", few),
            patch.object(packing, "DEALT", dealt),
            patch.multiple(segment_files, ROWS=2 * rows, FEW=rows),
        ]
        for one in self.patches:
            one.start()

    @rule(several=st.lists(made_activities, min_size=1, max_size=6))
    def store_some(self, several):
        new = []
        for fields in several:
            number = next(self.numbers)
            new.append(Activity(activity_id=f"id-{number}", raw=f'{{"n": {number % 7}}}', **fields))
        packer = Packer()
        packer.begin()
        packer.add(new)
        keys = [hash(activity.activity_id) & (2**62) | number + 1 for number, activity in enumerate(new)]
        with self.store.transaction() as connection:
            blocks.add(connection, packer, [packer.part(keys)], START)
        self.expected += new

    @rule()
    def compact(self):
        segments.compact(self.store, at_least=1)

    @rule()
    def crash_before_the_files_are_adopted(self):
        if planned := segments.plan(self.store, at_least=1):
            segments.write(self.store, planned)
            self.reopen()

    @rule()
    def reopen(self):
        self.store.close()
        self.store = Store(self.directory)
        segments.remove_strays(self.store)

    @precondition(lambda self: self.expected)
    @rule(days=st.integers(0, 4))
    def retention(self, days):
        before = START + days * DAY
        segments.prune(self.store, before)
        blocks.prune(self.store.connection, before)
        kept = self.scanned()
        left = {activity.activity_id for activity in kept}
        assert [one for one in self.expected if one.activity_id in left] == kept
        assert all(one.timestamp < before for one in self.expected if one.activity_id not in left)
        self.expected = kept
        self.readers.clear()  # they may miss what is gone

    @rule()
    def begin_to_read(self):
        reading = ActivityLog(Store(self.directory, readonly=True)).scan()
        self.readers.append((reading, [*next(reading, [])], [*self.expected]))  # it begins with its first step

    @precondition(lambda self: self.readers)
    @rule(to_the_end=st.booleans())
    def read_on(self, to_the_end):
        reading, found, expected = self.readers[0]
        for several in reading:
            found += several
            if not to_the_end:
                return
        assert found == expected
        self.readers.pop(0)

    def scanned(self):
        return [activity for several in ActivityLog(self.store).scan() for activity in several]

    @invariant()
    def everything_is_there_once_in_its_order(self):
        assert self.scanned() == self.expected

    @invariant()
    def the_newest_come_first(self):
        found = [*ActivityLog(self.store).newest_first()]
        assert [one.timestamp for one in found] == sorted((one.timestamp for one in self.expected), reverse=True)
        assert {one.activity_id for one in found} == {one.activity_id for one in self.expected}

    @rule(filters=st.sampled_from(FILTERS), low=st.integers(-1, 4), high=st.integers(0, 5))
    def columns_and_counts_are_those_of_the_activities(self, filters, low, high):
        wanted, span = Wanted(filters, NOW), (START + low * DAY, START + high * DAY)
        among = [one for one in self.expected if span[0] <= one.timestamp <= span[1] and wanted.meets(one)]
        log = ActivityLog(self.store)
        rows = [row for batch in log.arrow(wanted, ["activity_id", "ip_tags"], *span) for row in batch.to_pylist()]
        assert rows == [{"activity_id": one.activity_id, "ip_tags": [*one.ip_tags]} for one in among]
        unordered = [row for batch in log.arrow(wanted, ["activity_id"], *span, ordered=False) for row in batch.to_pylist()]
        assert sorted(row["activity_id"] for row in unordered) == sorted(one.activity_id for one in among)
        assert log.counts(wanted, ["user", "ip_tags"], *span) == Counter((one.user, tag) for one in among for tag in one.ip_tags)
        days = Counter((one.timestamp - START) // DAY for one in among)
        assert [*log.counts(wanted, ["day"], *span).values()] == sorted(days.values(), reverse=True)

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def one_is_found_by_its_id(self, data):
        one = data.draw(st.sampled_from(self.expected))
        assert ActivityLog(self.store).get(one.activity_id) == one

    @rule()
    def nothing_is_damaged(self):
        assert [*segment_damage.verify(self.store)] == []

    def teardown(self):
        for one in self.patches:
            one.stop()
        self.store.close()
        shutil.rmtree(self.directory)


TestLog = Log.TestCase
TestLog.settings = hypothesis_settings(max_examples=40, stateful_step_count=25)
