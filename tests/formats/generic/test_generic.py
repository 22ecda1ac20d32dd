"""Formats that are what the configuration makes of them: json, csv, cef; and mistakes in a mapping."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from casbd.errors import BadRecord
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records.regular_expressions import MOST_TEXT
from casbd.wire import cef

TIME = 1769860800000  # 2026-01-31T12:00:00Z


def form(name, **options):
    plugin = registry.load("formats", name)
    return plugin(plugin.Options.model_validate(options))


def activity(record, name="json", **options):
    (found,) = form(name, **options).parse(record if isinstance(record, bytes) else json.dumps(record).encode())
    return found


class TestMapping:
    def test_paths_and_constants(self):
        found = activity(
            {"time": "2026-01-31T12:00:00Z", "actor": {"email": "Anna@contoso.com"}, "ip": "203.0.113.7:443", "on": [{"name": "plan"}]},
            mapping={"timestamp": "time", "user": "actor.email", "ip_address": "ip", "object_name": "on.name"},
            constants={"app": "Own", "is_admin_operation": True, "activity_type": "Download file"},
        )
        assert (found.timestamp, found.user, found.ip_address, found.ip_port) == (TIME, "anna@contoso.com", "203.0.113.7", 443)
        assert (found.app, found.is_admin_operation, found.activity_type) == ("Own", True, "Download file")
        assert found.objects == (ActivityObject(None, "plan", None, "target"),)

    @pytest.mark.parametrize(
        ("text", "part", "expected"),
        [
            ("31/01/2026 13:00:00", {"format": "%d/%m/%Y %H:%M:%S", "zone": "Europe/Oslo"}, TIME),
            ("07/31/2026 02:00:00 PM", {"format": "%m/%d/%Y %I:%M:%S %p", "zone": "Europe/Oslo"}, TIME + 181 * 86_400_000),
            ("2026-01-31 07:00:00", {"zone": "America/New_York"}, TIME),
            ("2026-01-31T13:00:00+01:00", {"zone": "America/New_York"}, TIME),  # it tells its zone itself
            ("Jan 31 12:00:00 2026 +0000", {"format": "%b %d %H:%M:%S %Y %z"}, TIME),
            (1769860800, {}, TIME),
            ("1769860800000", {}, TIME),
            ("1769860800000", {"zone": "America/New_York"}, TIME),
            (r"\/Date(1769860800000+0200)\/", {}, TIME),
            ({"value": "/Date(1769860800000)/", "DisplayHint": 2, "DateTime": "Saturday"}, {}, TIME),
            ("1/31/2026, 12:00:00.000 PM", {}, TIME),
            ("1/31/2026, 7:00:00 AM", {"zone": "America/New_York"}, TIME),
            ("Jan 31 2026 05:00:00 GMT-07:00", {"zone": "Europe/Oslo"}, TIME),
            (["soon", "2026-01-31T12:00:00Z"], {}, TIME),
        ],
    )
    def test_times(self, text, part, expected):
        assert activity({"when": text}, mapping={"timestamp": {"path": "when"} | part}).timestamp == expected

    @pytest.mark.parametrize(
        ("part", "text"),
        [
            ({"format": "%d/%m/%Y"}, "2026-01-31"),
            ({"zone": "UTC"}, "soon"),
            ({}, "1999-01-01"),
            ({"zone": "UTC"}, "9999-12-31"),
            ({}, "31/1/2026, 1:00:00 PM"),
            ({}, "1/31/2026 13:00"),
            ({"zone": "Europe/Oslo"}, "Jan 31 2026 12:00:00 XYZ"),
            ({}, [[]]),
        ],
    )
    def test_what_is_no_time_is_told(self, part, text):
        with pytest.raises(BadRecord, match="is no time"):
            activity({"when": text}, mapping={"timestamp": {"path": "when"} | part})

    @pytest.mark.parametrize(
        ("code", "otherwise", "expected"),
        [(0, None, "success"), ("OK", None, "success"), ("ok ", None, "success"), (7, None, None), (7, "failure", "failure")],
    )
    def test_tables_of_values(self, code, otherwise, expected):
        part = {"path": "code", "map": {"0": "success", "OK": "success"}} | ({"otherwise": otherwise} if otherwise else {})
        assert activity({"t": "2026-01-31", "code": code}, mapping={"timestamp": "t", "result": part}).result == expected

    @pytest.mark.parametrize("given", ["81.2.69.160, 192.168.22.33", ["192.168.22.33", "81.2.69.160"], "unknown, 81.2.69.160:443"])
    def test_of_several_addresses_the_first_public_one(self, given):
        found = activity({"t": "2026-01-31", "ip": given}, mapping={"timestamp": "t", "ip_address": "ip"})
        assert (found.ip_address, found.ip_port) == ("81.2.69.160", 443 if "443" in given else None)

    def test_what_is_unknown_is_no_element_of_a_list(self):
        assert activity(
            {"t": "2026-01-31", "tags": ["a", " ", "\u00a0", "N/A", None, "b"]}, mapping={"timestamp": "t", "ip_tags": "tags"}
        ).ip_tags == (
            "a",
            "b",
        )

    def test_patterns_fill_what_the_mapping_leaves(self):
        options = {
            "mapping": {"timestamp": "t", "user": "who"},
            "patterns": [{"path": "text", "regex": r"user (?P<user>\S+) from (?P<ip_address>\S+)(?: on (?P<app>\w+))?"}],
            "constants": {"app": "Own"},
        }
        found = activity({"t": "2026-01-31", "text": "log on of user bert from 203.0.113.7 on Portal"}, **options)
        assert (found.user, found.ip_address, found.app) == ("bert", "203.0.113.7", "Portal")
        found = activity({"t": "2026-01-31", "who": "anna", "text": "user bert from 2001:db8::1"}, **options)
        assert (found.user, found.ip_address, found.app) == ("anna", "2001:db8::1", "Own")
        assert activity({"t": "2026-01-31", "text": "\ud800 else"}, **options).ip_address is None

    @pytest.mark.parametrize("long", ["x" * MOST_TEXT, ["x" * 1000] * (MOST_TEXT // 1000)])
    def test_patterns_look_at_so_much_of_a_text(self, long):
        options = {"mapping": {"timestamp": "t"}, "patterns": [{"path": "text", "regex": "user (?P<user>[a-z]+)"}]}
        texts = [*([long] if isinstance(long, str) else long), "user bert"]
        assert activity({"t": "2026-01-31", "text": texts}, **options).user is None
        assert activity({"t": "2026-01-31", "text": texts[::-1]}, **options).user == "bert"

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"mapping": {"user": "who"}}, "`timestamp` must be mapped"),
            ({"mapping": {"timestamp": "t", "usr": "who"}}, "did you mean `user`"),
            ({"mapping": {"timestamp": "t", "raw": "who"}}, "`raw` is no field that can be mapped"),
            ({"mapping": {"timestamp": "a..b"}}, "is no path"),
            ({"mapping": {"timestamp": "TimeGenerated [UTC]"}}, "in quotation marks"),
            ({"mapping": {"timestamp": {"path": "t", "zone": "Oslo"}}}, "`Oslo` is no time zone"),
            ({"mapping": {"timestamp": {"path": "t", "format": "%H:%M"}}}, "has no year, month and day"),
            ({"mapping": {"timestamp": {"path": "t", "format": "%Q"}}}, "is no time format"),
            ({"mapping": {"timestamp": {"path": "t", "format": "%Y-%m-%d %H %H"}}}, "is no time format"),
            ({"mapping": {"timestamp": "t", "user": {"path": "u", "zone": "UTC"}}}, "are for `timestamp`"),
            ({"mapping": {"timestamp": "t", "result": {"path": "r", "map": {"0": "sucess"}}}}, "did you mean `success`"),
            ({"mapping": {"timestamp": "t", "result": {"path": "r", "otherwise": "failure"}}}, "needs a `map`"),
            ({"mapping": {"timestamp": "t"}, "constants": {"device_type": "Phone"}}, "is no value of `device_type`"),
            ({"mapping": {"timestamp": "t"}, "constants": {"is_impersonated": "perhaps"}}, "is no value of `is_impersonated`"),
            ({"mapping": {"timestamp": "t"}, "patterns": [{"path": "m", "regex": "(?P<user>"}]}, "RE2 refuses"),
            ({"mapping": {"timestamp": "t"}, "patterns": [{"path": "m", "regex": r"(\S+)"}]}, "no named group"),
            ({"mapping": {"timestamp": "t"}, "patterns": [{"path": "m", "regex": r"(?P<usr>\S+)"}]}, "did you mean `user`"),
            (
                {"mapping": {"timestamp": "t"}, "patterns": [{"path": "m", "regex": "(?P<app>[xy]{999}[ab]{999}[cd]{999})"}]},
                "at most 2,500",
            ),
            ({"mapping": {"timestamp": "t"}, "patterns": [{"path": "m", "regex": "(?P<user>x[xy]{900})"}] * 6}, "more than 5,000 of RE2"),
            ({"mapping": {"timestamp": {"path": "t", "fromat": "%Y"}}}, "fromat"),
        ],
    )
    def test_mistakes_are_told(self, options, why):
        with pytest.raises(ValidationError, match=why):
            form("json", **options)

    @given(st.data())
    def test_any_record_gives_an_activity_or_a_reason(self, data):
        value = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("2026-01-31"),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            max_leaves=5,
        )
        record = data.draw(st.dictionaries(st.sampled_from(["t", "u", "r", "m", "p"]), value))
        options = {
            "mapping": {
                "timestamp": {"path": "t", "zone": "Europe/Oslo"},
                "user": "u.a",
                "ip_port": "p",
                "result": {"path": "r", "map": {"a": "success"}},
                "is_admin_operation": "r",
                "ip_tags": "u",
            },
            "patterns": [{"path": "m", "regex": "(?P<app>.)"}],
        }
        try:
            found = activity(record, **options)
        except BadRecord:
            return
        assert found.timestamp


class TestCsv:
    def test_columns_by_their_names(self):
        found = activity(
            {"Event DateTime": "2026-01-31T12:00:00Z", "User.Name": "anna", "Message": "from 203.0.113.7"},
            "csv",
            mapping={"timestamp": {"path": "event datetime", "zone": "UTC"}, "user": "User.Name"},
            patterns=[{"path": "message", "regex": "from (?P<ip_address>.+)"}],
        )
        assert (found.timestamp, found.user, found.ip_address) == (TIME, "anna", "203.0.113.7")

    @pytest.mark.parametrize("options", [{}, {"mapping": []}, {"mapping": {"timestamp": 1}}, {"mapping": {"timestamp": ""}}])
    def test_mistakes_are_told(self, options):
        with pytest.raises(ValidationError):
            form("csv", **options)


class TestCef:
    LINE = (
        b"CEF:0|Example|Firewall|1|42|Connection blocked|5|rt=1769860800000 src=203.0.113.7 suser=Anna@contoso.com outcome=denied "
        b"cs1Label=Rule cs1=r 7 fname=plan.docx externalId=x-1 requestClientApplication=curl"
    )

    def test_standard_keys(self):
        found = activity(self.LINE, "cef")
        assert (found.timestamp, found.action_type, found.app) == (TIME, "Connection blocked", "Firewall")
        assert (found.user, found.ip_address, found.user_agent, found.object_name) == (
            "anna@contoso.com",
            "203.0.113.7",
            "curl",
            "plan.docx",
        )
        assert (found.activity_type, found.result) == ("Unspecified", "failure")

    def test_messages_are_told_apart_by_all_that_is_in_them(self):
        """With some senders externalId is the kind of an event, and none of them may be lost."""
        relayed = activity(b"<13>Jan 31 12:00:00 relay " + self.LINE + b"\n", "cef").activity_id
        other = activity(self.LINE.replace(b"Anna", b"Bert"), "cef").activity_id
        assert relayed == activity(self.LINE, "cef").activity_id != other
        bare = b" host CEF:0|a|b|1|2|3|4|act=x"
        assert len({activity(time + bare, "cef").activity_id for time in (b"2026-01-31T12:00:00Z", b"2026-01-31T12:00:01Z")}) == 2
        assert activity(self.LINE, "cef", mapping={"activity_id": "extension.externalId"}).activity_id == "x-1"

    def test_a_mapping_says_more_or_otherwise(self):
        result = {"path": "extension.outcome", "map": {"denied": "failure"}}
        found = activity(self.LINE, "cef", mapping={"object_name": "labels.rule", "result": result}, constants={"app_instance": "fw1"})
        assert (found.object_name, found.result, found.user, found.app_instance) == ("r 7", "failure", "anna@contoso.com", "fw1")

    @pytest.mark.parametrize(
        ("before", "keys"),
        [
            (b"2026-01-31T12:00:00Z host ", b""),
            (b"", b"start=Jan 31 2026 12:00:00"),
            (b"<134>Jan 31 12:00:00 host ", b"end=Jan 31 2026 12:00:00.000 UTC"),
            (b"", b"rt=Jan 31 2026 13:00:00 +0100"),
            (b"", b"rt=Jan 31 2026 05:00:00 GMT-07:00"),
            (b"", b"rt=Jan 31 2026 07:00:00 EST"),
            (b"", b"rt=Jan 31 2026 13:00:00.000 CET"),
            (b"", b"rt=Jan 31 2026 07:00:00 dtz=America/New_York"),
            (b"", b"dtz=GMT+01:00 rt=Jan 31 2026 13:00:00.000"),
            (b"", b"rt=Jan 31 2026 17:30:00 IST dtz=Asia/Kolkata"),
            (b"", b"rt=Jan 31 2026 05:00:00 GMT-07:00 dtz=Asia/Kolkata"),
            (b"", b"rt=1769860800000 dtz=Asia/Kolkata"),
            (b"", b"rt=Jan 31 2026 12:00:00 dtz=nonsense"),
            (b"", b"art=Jan 31 2026 13:00:00 atz=Europe/Oslo dtz=America/New_York"),
            (b"", b"rt=yesterday start=soon end=1769860800000"),
            (b"", b"rt=  start=1769860800000"),
            (b"2026-01-31T12:00:00Z host ", b"rt=yesterday"),
            (b"<134>1 2026-01-31T12:00:00.000Z host app - - - ", b""),
        ],
    )
    def test_times(self, before, keys):
        assert activity(before + b"CEF:0|a|b|1|2|3|4|" + keys, "cef").timestamp == TIME

    @pytest.mark.parametrize(
        ("line", "why"), [(b"CEF:0|a|b", "fewer than seven"), (b"x", "no CEF"), (b"Jan 31 12:00:00 h CEF:0|a|b|1|2|3|4|", "no time where")]
    )
    def test_what_cannot_be_an_activity_is_told(self, line, why):
        with pytest.raises(BadRecord, match=why):
            activity(line, "cef")

    def test_what_casbd_sends(self):
        sent = Activity(TIME, "a", "Download file", "FileDownloaded", "Box", user="anna@contoso.com", ip_address="203.0.113.7")
        found = activity(cef.activity(sent).encode(), "cef", mapping={"activity_type": "name", "activity_id": "extension.externalId"})
        for field in ("timestamp", "activity_id", "activity_type", "user", "ip_address"):
            assert getattr(found, field) == getattr(sent, field)

    def test_it_is_told_by_its_header_but_not_surely(self):
        assert 0.5 <= registry.load("formats", "cef").claims([self.LINE, b"<13>Jan 31 host " + self.LINE]) < 1
        assert registry.load("formats", "cef").claims([b"no", b'{"a": "CEF of x"}']) == 0


def test_zones_are_those_of_the_clock_then():
    """Summer and winter time."""
    for month, hour in ((1, 12), (7, 11)):
        found = activity({"t": f"2026-{month:02}-15 12:00:00"}, mapping={"timestamp": {"path": "t", "zone": "Europe/London"}})
        assert datetime.fromtimestamp(found.timestamp / 1000, UTC).hour == hour
