"""The first half of the pipeline: what becomes of each record, and what is said of one that is no activity."""

import json
import re

import pytest
from builders import HOUR, NOON, chunk, load_rules, record, reject
from msgspec.structs import replace

from casbd.errors import BadRecord
from casbd.model.activity import Activity
from casbd.model.chunk import Reject
from casbd.pipeline import scan
from casbd.pipeline.scan import REJECT_BYTES, Scanner
from casbd.policies.matcher import Matcher
from casbd.records.long_texts import LONGEST

SINGLE = {"failed": {}}


def scanned_with(records, *errors, **fields):
    """Records of a format that raises these, one a record."""
    coming = dict(zip(records, errors, strict=True))

    class Broken:
        def parse(self, record):
            raise coming[record]

    return Scanner(lambda *_: Broken(), [], Matcher([]), b"").scan(chunk(records, **fields))


def ids(core):
    return sorted(activity.activity_id for activity in core.activities())


class TestScan:
    def test_fills_in_where_the_activity_came_from(self, make_core):
        one = record()
        made = chunk([record(), one], name="own", path="/in/b.json", start=100, instance="tenant")

        activity = make_core().scanner.scan(made).activities[1]

        assert activity.raw == one.decode()
        assert (activity.source, activity.input, activity.input_file) == ("m365", "own", "/in/b.json")
        assert activity.input_offset == made.offsets[1]
        assert activity.app_instance == "tenant"

    @pytest.mark.parametrize(
        ("rule", "kept"),
        [
            ({}, False),
            ({"alert": {"evidence": "by {user}"}}, False),
            ({"alert": {"evidence": "by {raw.UserId}"}}, True),
            ({"alert": {"title": "by {raw.UserId}", "each": "1h"}}, True),
            ({"alert": {"evidence": "by {raw.UserId}"}, "match": {"repeated": 2, "within": "1h"}}, False),
        ],
    )
    def test_the_records_of_those_alone_are_kept_of_which_an_alert_tells(self, make_core, rule, kept):
        ((_, activity, _, _),) = make_core(rules={"one": rule}).scanner.scan(chunk([record()])).matches
        assert (activity.raw != "") == kept

    def test_a_record_without_an_id_gets_a_hash_of_itself(self, make_core):
        nameless = [record(Id=None, at=1000), record(Id=None, at=1000), record(Id="", at=2000)]

        first, second, third = make_core().scanner.scan(chunk(nameless)).activities

        assert first.activity_id == second.activity_id
        assert len({first.activity_id, third.activity_id}) == 2
        assert len(third.activity_id) == 32

    def test_a_hash_stands_for_an_id_of_half_a_megabyte(self, make_core):
        long = "x" * 500_000
        core = make_core()
        core.feed_records(record(Id=long), record(Id=long + "y"), record(Id=long), record(Id="z" * LONGEST))
        assert sorted(map(len, ids(core))) == [32, 32, LONGEST]
        assert long in next(activity.raw for activity in core.activities() if len(activity.activity_id) == 32)

    def test_texts_of_blanks_are_none(self, make_core):
        record_ = {"Workload": "SharePoint", "Operation": "FileDownloaded", "ObjectId": " ", "UserAgent": "\u00a0", "UserKey": "\t"}
        first, second = make_core().scanner.scan(chunk([record(Id=" ", **record_), record(Id=" ", at=2000, **record_)])).activities

        assert (first.objects, first.object_id, first.object_name, first.user_agent, first.user_id) == ((), None, None, None, None)
        assert first.activity_id != second.activity_id

    def test_bad_records_become_rejects_and_the_next_one_is_read(self, make_core):
        records = [record(), b"{", b"[]", b"\xff\xfe", record(CreationTime="yesterday"), record()]

        batch = make_core().scanner.scan(chunk(records, rejects=[reject()]))

        assert len(batch.activities) == 2
        assert batch.received == 7
        assert batch.parsed == 2
        assert [entry.reason.split(":")[0].split(" (")[0] for entry in batch.rejects[1:]] == [
            "not JSON",
            "not a JSON object",
            "not UTF-8",
            "CreationTime 'yesterday'",
        ]

    def test_a_reject_keeps_the_first_bytes_only(self, make_core):
        batch = make_core().scanner.scan(chunk([b'{"a": "' + b"x" * 10_000]))

        assert len(batch.rejects[0].raw) == REJECT_BYTES

    def test_the_same_chunk_gives_the_same_whenever_it_is_scanned(self, make_core):
        """`within_days` counts back from when the chunk was read: a chunk that is scanned again after a failed commit is no other."""
        core = make_core(rules={"lately": {"filters": {"timestamp": {"within_days": 1}}}})
        one = chunk([record(at=-24 * HOUR), record(at=-24 * HOUR - 1000)])
        assert [[ids for _, _, ids, _ in core.scanner.scan(one).matches] for _ in range(2)] == [[("lately",)]] * 2
        later = replace(one, position=replace(one.position, seen=one.position.seen + 48 * HOUR))
        assert core.scanner.scan(later).matches == []

    def test_what_breaks_a_format_is_a_reject_and_logged_once_a_place(self, caplog, monkeypatch):
        monkeypatch.setattr(scan, "_logged", set())  # whatever ran before in this process
        batch = scanned_with([b"one", b"two"], KeyError("hostile"), KeyError("hostile"), start=70)

        assert batch.rejects == [
            Reject(input="m365", input_file="/in/a.json", input_offset=offset, reason="internal error: KeyError", raw=raw)
            for offset, raw in [(70, b"one"), (74, b"two")]
        ]
        assert "hostile" not in caplog.text
        [logged] = caplog.records
        assert (logged.levelname, logged.message) == ("ERROR", "a record broke its format: please report it")
        assert (logged.file, logged.offset, logged.error) == ("/in/a.json", 70, "KeyError")
        assert re.fullmatch(r".*/test_scan\.py:\d+", logged.place)

    @pytest.mark.parametrize(
        ("record", "error", "reason"),
        [
            (b"a\xff", None, "not UTF-8 (byte 1)"),
            (b"a", BadRecord("no time"), "no time"),
            (b"a", BadRecord("half a pair: \ud800"), "half a pair: ?"),
            (b"a", UnicodeEncodeError("utf-8", "\ud800", 0, 1, ""), "not Unicode: half a surrogate pair"),
        ],
    )
    def test_the_reason_of_a_reject_is_one_that_can_be_stored(self, caplog, record, error, reason):
        assert [reject.reason for reject in scanned_with([record], error).rejects] == [reason]
        assert caplog.records == []

    @pytest.mark.parametrize("error", [KeyError("x"), BadRecord("half of it")])
    def test_a_record_of_which_a_part_is_bad_leaves_nothing_behind(self, tmp_path, error):
        """Its first activity has met a policy already when the second one breaks."""

        class TwoInOne:
            def parse(self, record):
                if record == b"bad":
                    yield Activity(NOON, "bad", activity_type="Failed log on")
                    raise error
                yield Activity(NOON, "good", activity_type="Log on")

        matcher = Matcher(load_rules(tmp_path, SINGLE))
        batch = Scanner(lambda *_: TwoInOne(), [], matcher, b"").scan(chunk([b"bad", b"good"]))

        assert [activity.activity_id for activity in batch.activities] == ["good"]
        assert (len(batch.stored.keys), batch.rows, batch.matches) == (1, [1], [])
        assert batch.received == batch.parsed + len(batch.rejects) == 2

    def test_text_that_cannot_be_stored_is_a_reject(self, make_core):
        """A format that lets half a surrogate pair through must not stop the store."""

        class Careless:
            def parse(self, record):
                return [Activity(NOON, "id", user=json.loads(record)["user"])]

        core = make_core()
        core.scanner = Scanner(lambda *_: Careless(), [], Matcher([]), b"")

        core.feed(chunk([b'{"user": "\\ud800"}', b'{"user": "b"}']))

        assert core.counts() == {"m365": (2, 1, 1, 0, 1)}


def test_what_is_only_compared_with_what_is_usual_is_no_match(tmp_path):
    rules = {"country": {"filters": {"app": {"isset": True}}, "match": {"new": "country"}}, "each": {"filters": {"app": {"isset": True}}}}

    class Plain:
        def parse(self, record):
            return [Activity(NOON, "id", app="Box", user=json.loads(record)["user"])]

    matcher = Matcher(load_rules(tmp_path, rules))
    batch = Scanner(lambda *_: Plain(), [], matcher, b"").scan(chunk([b'{"user": "a"}']))
    assert {policies for _, _, policies, _ in batch.matches} == {("country", "each")}
    assert [activity.matched_policies for activity in batch.activities] == [("each",)]
