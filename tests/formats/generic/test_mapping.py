"""What a mapping can say more than paths: the first of several, conditions, parts put together, events within, operations, objects."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from casbd.config import reading
from casbd.errors import BadRecord, Mistakes
from casbd.formats import _mapping_events as events
from casbd.formats._mapping_objects import object_reader
from casbd.formats._mapping_options import Object
from casbd.formats._mapping_places import Place, finder
from casbd.model.activity import ActivityObject
from casbd.plugins import registry
from casbd.records.finished import finish
from casbd.records.record_path import Having, find, write_path
from casbd.records.regular_expressions import MOST_TEXT

TIME = 1769860800000  # 2026-01-31T12:00:00Z


def parsed(record, name="json", **options):
    plugin = registry.load("formats", name)
    mapping = {"timestamp": "t"} | options.pop("mapping", {})
    return plugin(plugin.Options.model_validate({"mapping": mapping} | options)).parse(json.dumps(record).encode())


def activity(record, name="json", **options):
    (found,) = parsed({"t": "2026-01-31T12:00:00Z"} | record, name, **options)
    return found


ACTOR = ["actor.email", {"path": "actor.login", "when": {"actor.type": "person"}}, {"value": "system", "when": {"actor.type": "sys*"}}]


class TestFirstOfSeveral:
    @pytest.mark.parametrize(
        ("actor", "user"),
        [
            ({"email": "A@x.org", "login": "a"}, "a@x.org"),
            ({"email": "-", "login": "a", "type": "Person"}, "a"),
            ({"login": "a", "type": "robot"}, None),
            ({"type": "SYSTEM"}, "system"),
            ({}, None),
        ],
    )
    def test_the_first_that_leads_to_a_value(self, actor, user):
        assert activity({"actor": actor}, mapping={"user": ACTOR}).user == user

    def test_of_times_the_first_that_is_one(self):
        mapping = {"timestamp": ["soon", {"path": "day", "format": "%d.%m.%Y"}, "t"]}
        assert activity({"soon": "tomorrow", "day": "x"}, mapping=mapping).timestamp == TIME
        with pytest.raises(BadRecord, match="`tomorrow` is no time"):
            parsed({"soon": "tomorrow", "day": "x"}, mapping=mapping)

    def test_a_table_without_the_value_leads_nowhere(self):
        result = [{"path": "code", "map": {"2*": "success"}}, {"path": "word", "map": {"no": "failure"}}, {"value": "unknown"}]
        found = [activity(one, mapping={"result": result}).result for one in ({"code": 204}, {"code": 500, "word": "No"}, {"code": 500})]
        assert found == ["success", "failure", "unknown"]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"a": "x"}, True),
        ({"a": ["y", "X"]}, True),
        ({"a": "y"}, False),
        ({"a": "*"}, True),
        ({"b.c": "one*three"}, True),
        ({"b.c": "one"}, False),
        ({"a": "x", "n": 7}, True),
        ({"a": "x", "n": "8"}, False),
        ({"f": False}, True),
        ({"f": "false"}, True),
        ({"f": True}, False),
        ({"a": {"isset": True}}, True),
        ({"a": {"isset": False}}, False),
        ({"none": {"isset": False}, "e": {"isset": False}, "nowhere": {"isset": False}}, True),
        ({"f": {"isset": True}, "n": {"isset": True}}, True),
        ({"a": {"neq": "y"}}, True),
        ({"a": {"neq": ["y", "x*"]}}, False),
        ({"nowhere": {"neq": "y"}}, True),
        ({"a": {"eq": "x*", "neq": "xy"}}, True),
        ({"l": "two"}, True),
    ],
)
def test_conditions(when, holds):
    record = {"a": "x", "b": {"c": "one two three"}, "n": 7, "f": False, "none": None, "e": "", "l": ["one", "two"]}
    assert activity(record, mapping={"user": {"value": "yes", "when": when}}).user == ("yes" if holds else None)


class TestParts:
    @pytest.mark.parametrize(("record", "name"), [({"f": "Anna", "l": "Berg"}, "Anna Berg"), ({"l": "Berg"}, "Berg"), ({"f": " "}, None)])
    def test_put_together(self, record, name):
        assert activity(record, mapping={"user_display_name": {"join": ["f", ["l", "last"]]}}).user_display_name == name

    def test_a_time_in_two_fields(self):
        part = {"join": ["day", "clock"], "with": "T", "format": "%d/%m/%YT%H:%M", "zone": "Europe/Oslo"}
        assert activity({"day": "31/01/2026", "clock": "13:00"}, mapping={"timestamp": part}).timestamp == TIME

    @pytest.mark.parametrize(
        ("text", "ip"), [("x from 203.0.113.7", "203.0.113.7"), (["no", "from 203.0.113.8"], "203.0.113.8"), ("no", None)]
    )
    def test_a_part_of_a_text(self, text, ip):
        assert activity({"m": text}, mapping={"ip_address": {"path": "m", "regex": r"from (\S+)"}}).ip_address == ip

    def test_in_letters_of_one_case(self):
        mapping = {"user_id": {"path": "i", "case": "lower"}, "app_instance": {"path": "i", "case": "upper"}}
        found = activity({"i": "aB"}, mapping=mapping)
        assert (found.user_id, found.app_instance) == ("ab", "AB")


TABLE = {
    "activities": {
        "Log on": ["login", "sso.*"],
        "Failed log on": "login_failed",
        "Delete file": [{"operation": ["*delete", "purge"], "when": {"on.type": "file"}}],
        "Delete item": "*delete",
        "Delete user": "user.delete",
    },
    "admin": ["policy.", "user", "*.all"],
    "not_admin": ["user.self"],
}


class TestBounds:
    """Records are hostile, and mappings may be careless."""

    @pytest.mark.parametrize("long", ["x" * MOST_TEXT, ["x" * 1000] * (MOST_TEXT // 1000)])
    def test_an_expression_looks_at_so_much_of_a_text(self, long):
        texts = [*([long] if isinstance(long, str) else long), "user bert"]
        mapping = {"user": {"path": "m", "regex": "user ([a-z]+)"}}
        assert activity({"m": texts}, mapping=mapping).user is None
        assert activity({"m": texts[::-1]}, mapping=mapping).user == "bert"
        assert activity({"m": "".join(texts)}, mapping=mapping).user is None

    def test_halves_of_surrogate_pairs(self):
        found = activity({"m": "\ud800 from 81.2.69.1", "e": "x"}, mapping={"ip_address": {"path": "m", "regex": r"from (\S+)"}})
        assert found.ip_address == "81.2.69.1"
        (found,) = parsed({"events": [{"t": TIME, "m": "\ud800"}]}, each="events")
        assert json.loads(found.raw.encode())["m"] == "?"

    def test_what_a_group_leaves_unknown_is_left_to_the_next(self):
        mapping = {"user": [{"path": "m", "regex": "user (\\S*)"}, "u"]}
        assert [activity({"m": text, "u": "bert"}, mapping=mapping).user for text in ("user ", "user -", "user anna")] == [
            "bert",
            "bert",
            "anna",
        ]


KEYS = st.sampled_from(["a", "b", "Name", "Value"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["x", "a", '{"a": 1}', '[{"b": 2}]', "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES), st.lists(st.sampled_from(["a", "B", "name", 0, Having("a", "x")]), min_size=1, max_size=4))
def test_a_path_leads_where_that_of_a_rule_leads(record, steps):
    path = write_path(tuple(steps))
    assert finder(path)(Place(record), Place({})) == find(record, tuple(steps))
    assert finder(f"^.{path}")(Place({}), Place(record)) == find(record, tuple(steps))


class TestOperations:
    @pytest.mark.parametrize(
        ("record", "kind"),
        [
            ({"a": "LOGIN"}, "Log on"),
            ({"a": "sso.saml"}, "Log on"),
            ({"a": "purge", "on": {"type": "file"}}, "Delete file"),
            ({"a": "x.delete", "on": {"type": "FILE"}}, "Delete file"),
            ({"a": "x.delete"}, "Delete item"),
            ({"a": "user.delete"}, "Delete user"),
            ({"a": "purge"}, "Unspecified"),
            ({}, "Unspecified"),
            ({"a": "login", "kind": "Own"}, "Own"),
        ],
    )
    def test_types(self, record, kind):
        assert activity(record, mapping={"action_type": "a", "activity_type": "kind"}, **TABLE).activity_type == kind

    @pytest.mark.parametrize(
        ("record", "kind", "result"),
        [
            ({"a": "login"}, "Log on", "success"),
            ({"a": "login", "r": "failed"}, "Failed log on", "failure"),
            ({"a": "login_failed"}, "Failed log on", "failure"),
            ({"a": "login", "r": "ok"}, "Log on", "success"),
            ({"a": "x.delete"}, "Delete item", None),
        ],
    )
    def test_a_log_on_that_failed_is_a_failed_one(self, record, kind, result):
        found = activity(record, mapping={"action_type": "a", "result": "r"}, **TABLE)
        assert (found.activity_type, found.result) == (kind, result)

    @pytest.mark.parametrize(
        ("operation", "admin"),
        [("Policy.edit", True), ("user.self.edit", False), ("file.all", True), ("file.all.x", False), ("login", False)],
    )
    def test_what_administrators_do(self, operation, admin):
        assert activity({"a": operation}, mapping={"action_type": "a"}, **TABLE).is_admin_operation is admin
        assert activity({"a": operation}, mapping={"action_type": "a", "is_admin_operation": {"value": True}}, **TABLE).is_admin_operation

    def test_a_constant_is_for_what_the_table_lacks(self):
        options = {"mapping": {"action_type": "a"}, "activities": {"Log on": "login"}, "constants": {"activity_type": "Run command"}}
        assert [activity({"a": one}, **options).activity_type for one in ("login", "x")] == ["Log on", "Run command"]


class TestObjects:
    def test_each_of_a_list_and_one(self):
        objects = [
            {"each": "on", "id": "id", "name": ["email", "name"], "type": {"path": "kind", "map": {"u": "User"}, "otherwise": "Item"}},
            {"each": "tags", "name": "value", "type": {"value": "Tag"}, "when": {"value": "x*"}, "role": {"value": "label"}},
            {"name": "changes[field=owner].to", "type": {"value": "User"}},
        ]
        record = {
            "on": [
                {"id": 7, "name": "n", "kind": "u"},
                {"email": "e@x.org", "name": "n"},
                {"kind": "u"},
                {"id": 7, "name": "n", "kind": "u"},
            ],
            "tags": ["x1", "y", None],
            "changes": [{"field": "owner", "to": "bert"}],
        }
        found = activity(record, objects=objects)
        assert found.objects == (
            ActivityObject("7", "n", "User", "target"),
            ActivityObject(None, "e@x.org", None, "target"),
            ActivityObject(None, "x1", "Tag", "label"),
            ActivityObject(None, "bert", "User", "target"),
        )
        assert (found.object_id, found.object_name, found.object_type) == ("7", "n", "User")

    def test_so_many_are_kept(self):
        objects = [{"each": "on", "id": "value"}]
        assert len(activity({"on": list(range(99))}, objects=objects).objects) == 50
        read = object_reader([Object.model_validate(one) for one in objects])
        assert len(read(Place({"on": list(range(99))}), Place({}))) == 50, "more are made than are kept"


OPTIONS = {
    "each": ["answer.list", "events"],
    "mapping": {"timestamp": ["t", "^.t"], "activity_id": "^.id", "action_type": "name", "user": ["who", "^.who"]},
    "objects": [{"each": "on", "name": "n", "type": "^.kind"}],
}
RECORD = {"id": "i", "t": TIME, "who": "anna", "kind": "File"}


class TestEvents:
    def test_each_is_an_activity(self):
        record = RECORD | {"events": [{"name": "a", "on": [{"n": "x"}]}, {"name": "b", "who": "bert", "t": TIME + 1}, None, "text"]}
        first, second = parsed(record, **OPTIONS)
        assert (first.activity_id, first.action_type, first.user, first.timestamp) == ("i", "a", "anna", TIME)
        assert first.objects == (ActivityObject(None, "x", "File", "target"),)
        assert (second.activity_id, second.action_type, second.user, second.timestamp) == ("i#1", "b", "bert", TIME + 1)
        assert json.loads(first.raw) == RECORD | {"events": [{"name": "a", "on": [{"n": "x"}]}]}
        assert json.loads(second.raw)["events"] == [{"name": "b", "who": "bert", "t": TIME + 1}]

    def test_within_the_answer_of_an_api_and_json_in_a_string(self):
        inside = json.dumps({"list": [{"name": "a"}]})
        (found,) = parsed(RECORD | {"answer": inside, "events": [{"name": "b"}]}, **OPTIONS)
        assert found.user == "anna"
        assert (found.action_type, json.loads(found.raw)["answer"]) == ("a", {"list": [{"name": "a"}]})

    @pytest.mark.parametrize("event", [{"name": "a"}, '{"name": "a"}'])
    def test_one_alone_has_the_record_as_it_is(self, event):
        (found,) = parsed(RECORD | {"events": event}, **OPTIONS)
        assert (found.action_type, found.user, found.activity_id, found.raw) == ("a", "anna", "i", "")

    @pytest.mark.parametrize("none", [{}, {"events": []}, {"events": "x"}, {"answer": [1]}])
    def test_a_record_without_is_one_activity(self, none):
        (found,) = parsed(RECORD | {"name": "z"} | none, **OPTIONS)
        assert (found.activity_id, found.action_type, found.raw) == ("i", "z", "")

    def test_ids_of_their_own_are_kept_and_others_made(self):
        options = {"each": "events", "mapping": {"timestamp": "^.t", "activity_id": "id"}}
        record = {"t": TIME, "events": [{"id": "a"}, {"id": "b"}, {"n": 1}, {"n": 2}, {"n": 2}]}
        ids = [one.activity_id for one in parsed(record, **options)]
        assert (ids[:2], ids[4]) == (["a", "b"], f"{ids[3]}#1")
        assert [json.loads(one.raw)["t"] for one in parsed(record, **options)] == [TIME] * 5
        again = [one.activity_id for one in parsed(record, **options)]
        other = [one.activity_id for one in parsed(record | {"t": TIME + 1}, **options)]
        assert (again, len({*ids, *other[2:]})) == (ids, 8)

    @pytest.mark.parametrize(
        "delivered", [[{"id": "a", "t": TIME}, {"n": 1, "t": TIME}], {"id": "a", "t": TIME}, '{"id": "a", "t": 1769860800000}']
    )
    def test_where_nothing_around_is_read_the_record_is_the_event(self, delivered):
        """So the same event has the same id and record in every page of an API's answers, and as a line of a stream."""
        options = {"each": "events", "mapping": {"timestamp": "t", "activity_id": "id"}}
        pages = [parsed({"page": page, "events": delivered}, **options) for page in (1, 2)]
        assert [one.activity_id for one in pages[0]] == [one.activity_id for one in pages[1]]
        assert all(one.activity_id for one in pages[0])
        assert json.loads(pages[0][0].raw) == {"id": "a", "t": TIME}

    def test_finishing_keeps_the_event_alone(self):
        (found, _) = parsed(RECORD | {"events": [{"name": "a"}, {"name": "b"}]}, **OPTIONS)
        finish(found, b"{}", "the whole record")
        assert '"b"' not in found.raw

    def test_what_stands_around_is_not_copied_without_end(self):
        record = RECORD | {"around": "x" * events.MOST_AROUND, "events": [{"name": "a"}] * 3}
        assert [one.raw for one in parsed(record, **OPTIONS)] == ['{"name":"a"}'] * 3

    def test_too_many_are_told(self):
        with pytest.raises(BadRecord, match="10,001 events under `events`; at most 10,000"):
            parsed(RECORD | {"events": [{"name": "a"}] * (events.MOST + 1)}, **OPTIONS)

    @given(
        st.recursive(st.none() | st.text(max_size=3), lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["list", "name"]), one))
    )
    def test_any_record(self, value):
        for record in ({"answer": value, "t": TIME}, {"events": value, "t": TIME}):
            found = parsed(record, **OPTIONS)
            assert found
            assert len({one.activity_id for one in found}) == len(found) or not found[0].raw


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"mapping": {"user": {"path": "a", "value": "b"}}}, "not path and value"),
        ({"mapping": {"user": {"when": {"a": "b"}}}}, "says where the value is, not none"),
        ({"mapping": {"user": []}}, "at least 1 item"),
        ({"mapping": {"user": {"path": "a", "when": {"a..b": "c"}}}}, "is no path"),
        ({"mapping": {"user": {"path": "a", "when": {"a": {"equals": "c"}}}}}, "equals"),
        ({"mapping": {"user": {"path": "a", "when": {"a": []}}}}, "at least 1 item"),
        ({"mapping": {"user": {"path": "a", "regex": "x"}}}, "must have one group"),
        ({"mapping": {"user": {"path": "a", "regex": "(x)(y)"}}}, "must have one group"),
        ({"mapping": {"user": {"path": "a", "regex": "(x"}}}, "RE2 refuses"),
        ({"mapping": {"user": {"path": "a", "case": "title"}}}, "'lower' or 'upper'"),
        ({"mapping": {"user": {"join": ["a", {"path": "b..c"}]}}}, "is no path"),
        ({"mapping": {"result": [{"path": "a"}, {"value": "sucess"}]}}, "did you mean `success`"),
        ({"mapping": {"user": {"path": "a", "regex": "([xy]{999}[ab]{999}[cd]{999})"}}}, "at most 2,500"),
        ({"mapping": {"user": [{"path": "a", "regex": f"(x[xy]{{900}}{n})"} for n in range(6)]}}, "more than 5,000 of RE2"),
        ({"each": "a[0]"}, "is no way to a list"),
        ({"each": "^.a"}, "is no way to a list"),
        ({"objects": [{"type": "a"}]}, "has an `id` or a `name`"),
        ({"objects": [{"id": "a", "kind": "b"}]}, "kind"),
        ({"activities": {"Log on": [{"operation": "a", "wen": {}}]}}, "wen"),
        ({"activities": {"Log on": []}, "admin": [[]]}, "valid string"),
    ],
)
def test_mistakes_are_told(options, why):
    with pytest.raises(ValidationError, match=why):
        activity({}, **options)


def test_mistakes_have_their_place(tmp_path):
    (tmp_path / "casbd.yaml").write_text(
        "inputs:\n  - name: x\n    path: x\n    format: json\n    mapping:\n      timestamp: t\n"
        "      user:\n        - a\n        - {path: b, wen: {c: d}}\n        - {path: a..b}\n"
        "      user_id: {join: [a, {path: b, when: {c: {is: d}}}]}\n    objects:\n      - {id: [a, b..c]}\n"
    )
    with pytest.raises(Mistakes) as told:
        reading.load(tmp_path / "casbd.yaml")
    places = [(one.line, one.column) for one in told.value.mistakes]
    assert places == [(9, 21), (10, 18), (11, 48), (13, 18)]
    assert told.value.mistakes[0].hint == "did you mean `when`?"


class TestColumns:
    def test_wherever_one_is_named(self):
        found = activity(
            {"Who.Mail": "", "Who.Name": "anna", "A.B": "del", "On.What": "plan", "Day.": "31/01/2026", "Kind.": "File"},
            "csv",
            mapping={
                "timestamp": {"join": ["day.", {"value": "12:00"}], "format": "%d/%m/%Y %H:%M"},
                "user": ["Who.Mail", {"path": "Who.Name", "when": {"A.B": "del"}}],
                "action_type": "A.B",
            },
            objects=[{"name": "On.What", "type": "Kind.", "when": {"On.What": {"isset": True}}}],
            activities={"Delete file": [{"operation": "del", "when": {"Kind.": "file"}}]},
        )
        assert (found.timestamp, found.user, found.activity_type) == (TIME, "anna", "Delete file")
        assert found.objects == (ActivityObject(None, "plan", "File", "target"),)


def test_the_example_works():
    plugin = registry.load("formats", "json")
    record = {
        "id": "1", "day": "31/01/2026", "clock": "13:00:00", "actor": {"login": "anna", "type": "Guest user"}, "client": "agent=curl;x",
        "events": [
            {"name": "delete", "code": 200, "message": "from 203.0.113.7", "targets": [{"id": "f", "name": "plan", "kind": "file"}]},
            {"name": "sso_saml", "code": 403, "changes": [{"field": "owner", "to": "bert"}]},
        ],
    }  # fmt: skip
    first, second = plugin(plugin.Options.model_validate(plugin.example)).parse(json.dumps(record).encode())
    assert (first.timestamp, first.user, first.user_agent, first.ip_address) == (TIME, "anna", "curl", "203.0.113.7")
    assert (first.activity_type, first.result, first.object_name) == ("Delete file", "success", "plan")
    assert (second.activity_type, second.activity_id, second.object_name) == ("Failed log on", "1#1", "bert")
