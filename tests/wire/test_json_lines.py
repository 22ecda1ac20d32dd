import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.wire import json_lines
from casbd.wire.plain_text import BLANKS

CONTRACT = [
    "alert_id",
    "policy_id",
    "policy_name",
    "policy_type",
    "severity",
    "category",
    "title",
    "description",
    "user",
    "app",
    "ip_address",
    "country",
    "first_activity",
    "last_activity",
    "activity_count",
    "activity_ids",
    "status",
    "resolution",
    "comment",
    "risk_score",
    "created",
]

any_text = st.text(st.characters(exclude_categories=()))


def alert(**fields) -> Alert:
    return Alert(**{"alert_id": "a", "policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "low"} | fields)


def test_an_alert_has_the_keys_of_the_contract_then_the_others():
    line = json.loads(json_lines.alert(alert(first_activity=1_769_860_800_000, tags=("x",))))
    assert list(line)[: len(CONTRACT)] == CONTRACT
    assert set(line) == set(Alert.__struct_fields__)
    assert line["first_activity"] == "2026-01-31T12:00:00.000Z"
    assert line["tags"] == ["x"]


def test_an_activity_has_the_fields_of_the_table_in_their_order():
    activity = Activity(timestamp=1_769_860_800_007, activity_id="1", objects=(ActivityObject("i", "n", "File", "target"),), raw='{"a": 1}')
    line = json.loads(json_lines.activity(activity))
    assert list(line) == list(FIELDS)
    assert line["timestamp"] == "2026-01-31T12:00:00.007Z"
    assert line["objects"] == [{"id": "i", "name": "n", "type": "File", "role": "target"}]
    assert line["raw"] == '{"a": 1}'
    assert line["user"] is None


def test_a_command_has_all_its_fields():
    command = GovernanceCommand(command_id="c", action="suspend_user", connector="x", target="a@b", status="queued", created=1)
    line = json.loads(json_lines.command(command))
    assert set(line) == set(GovernanceCommand.__struct_fields__)
    assert (line["created"], line["finished"]) == ("1970-01-01T00:00:00.001Z", None)


@given(any_text)
@example('\u202e \u2028 \x1b \x7f \x85 \x9b \ufeff \ud800 \ud83d\ude00 \\ " \n')
def test_any_text_is_one_harmless_line_that_gives_it_back(text):
    line = json_lines.activity(Activity(activity_id="1", user=text, objects=(ActivityObject(name=text),), raw=text))
    assert len(line.decode().splitlines()) == 1
    assert all(character.isprintable() or ord(character) > 0x9F for character in line.decode())
    back = msgspec.json.decode(line)
    wanted = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert back["user"] == back["raw"] == back["objects"][0]["name"] == wanted


@given(st.integers(-(2**63), 2**63 - 1))
def test_no_time_is_too_strange(time):
    assert len(json.loads(json_lines.alert(alert(created=time)))["created"]) == 24


@given(any_text)
@example("".join(map(chr, BLANKS)))
@example("\u00a0\U0001f600")
def test_only_what_is_not_printable_is_escaped(text):
    """So a text that is printable needs no second look."""
    printable = "".join(letter for letter in text if letter.isprintable())
    assert json_lines._TO_ESCAPE.search(printable) is None


@given(st.lists(st.tuples(st.integers(), st.text() | st.none(), st.lists(st.text()), st.text()), max_size=4))
def test_columns_become_the_lines_of_the_activities(rows):
    things = [ActivityObject("1", name, None, "target") for _, name, _, _ in rows]
    made = [Activity(at, "x", user=user, user_groups=tuple(groups), raw=raw) for at, user, groups, raw in rows]
    for one, thing in zip(made, things, strict=True):
        one.objects = (thing,)
    columns = {name: [getattr(one, name) for one in made] for name in FIELDS}
    columns["objects"] = [[msgspec.structs.asdict(thing)] for thing in things]
    assert [*json_lines.activities(columns)] == [*map(json_lines.activity, made)]
    assert [*json_lines.activities({"raw": columns["raw"]})] == [json_lines.line({"raw": one.raw}) for one in made]
