"""Whatever a subject does, what is stored of it stays small, and its habit stays known. Kinds of anomaly are found by themselves."""

import json
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.alerting.raising import identity
from casbd.habits.anomaly import DAY, HOUR, Finding, anomaly
from casbd.habits.brief import MOST_STORED, brief_id, lightened, pack, whole_id
from casbd.habits.habits import Habits, InMemory
from casbd.habits.new_values import NewValue
from casbd.habits.raised import MOST_RAISED, Raised, settled
from casbd.habits.values_seen import MOST_VALUES
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies import kinds
from casbd.policies.loading import load
from casbd.records.record_path import RawReader

from .orders import watching

MINUTE = 60_000
POLICIES = load([Path(__file__).parents[2] / "rules"])
MATCHES = {
    f"{match.kind} {match.learns}": match for one in POLICIES if (match := anomaly(one.match)) is not None and match.kind != "priority"
}
WHO = "a@example.com"


def test_each_kind_of_anomaly_is_looked_at():
    shipped = {one.match.kind for one in POLICIES if one.match is not None and one.match.policy_type == "anomaly"}
    assert shipped == {kind for kind in kinds.load_all() if kind not in ("repeated", "sequence")}
    assert {match.kind for match in MATCHES.values()} == shipped - {"priority"}


def raw(paths, value):
    """A record that has a value at some paths."""
    record = {}
    for path in paths:
        *above, last = path.removeprefix("raw.").split(".")
        inside = record
        for step in above if path.startswith("raw.") else ():
            inside = inside.setdefault(step, {})
        inside[last.partition("[")[0]] = [value] if "[" in last else value
    return json.dumps(record)


@st.composite
def floods(draw):
    """What a hostile subject does after a month of habit: how many activities, how far apart, with how many different values, and which
    padding these and the ids of records have."""
    padding = draw(st.sampled_from(["", "x", "\U00010348", "é", '"\\']))
    return {
        "number": draw(st.integers(1, 400)),
        "apart": draw(st.sampled_from([1, 1000, MINUTE, 7 * MINUTE, 25 * MINUTE])),
        "different": draw(st.sampled_from([1, 3, 40, 1000])),
        "padding": padding * draw(st.sampled_from([0, 50, 120, 1000])),
        "id_padding": draw(st.sampled_from(["", "i" * 60, "i" * 900, "\U00010348" * 70, "\U00010348" * 900])),
        "commits": draw(st.sampled_from([1, 40, 1000])),
        "seed": draw(st.integers(0, 9)),
    }


def activity(number, moment, flood, paths, random):
    one = number % flood["different"]
    text = f"{one}{flood['padding']}"
    return Activity(
        activity_id=f"{number:08x}-0000-4000-8000-000000000000{flood['id_padding']}",
        timestamp=moment,
        activity_type="Failed log on" if random.random() < 0.3 else "Log on",
        app=f"App {text}",
        user=WHO,
        ip_address=f"{1 + one % 200}.{one // 200 % 250}.{one % 250}.{number % 250}",
        country=("NO", "BR", "US", "AU", "ZA", "JP", "IN", "AR")[one % 8] if flood["different"] < 1000 else f"country {text}",
        city=f"City {text}",
        latitude=float(one * 37 % 180 - 90),
        longitude=float(one * 53 % 360 - 180),
        isp=f"Network {text}",
        asn=one if random.random() < 0.5 else None,
        object_id=f"object {text}",
        object_name=f"gооgle {text}",
        user_agent=f"Mozilla {text}",
        device_type=random.choice(["Desktop", "Mobile"]),
        os=f"Windows {text}",
        browser=f"Browser {text}",
        result=random.choice(["success", "failure"]),
        raw=raw(paths, f"v{text}@e{text}.example"),
    )


def observed(match, number, moment, flood, random):
    one = activity(number, moment, flood, match.looks_at, random)
    met = [random.randrange(len(match.steps))] if match.steps else ()
    return Entry(moment, random.getrandbits(62), one.activity_id, match.value(one, RawReader(), met))


HABIT = {"different": 1, "padding": "", "id_padding": ""}


def after_a_flood(match, flood):
    """The sizes of all that was stored of a subject."""
    shelf, random, sizes = InMemory(), Random(flood["seed"]), []
    who = json.dumps([WHO, "App"]) if getattr(match, "single_app", False) else WHO
    watched = msgspec.structs.replace(watching(match), alert_id=lambda who, begun: identity("p", who, begun.activity_id))
    habits = Habits(shelf, [watched])
    habits.begin()
    times = [(30 * DAY + n * flood["apart"], n, flood) for n in range(1, flood["number"] + 1)]
    for at, (moment, number, what) in enumerate([*((day * DAY, 0, HABIT) for day in range(30)), *times], 1):
        habits.add(watched, who, observed(match, number, moment, what, random))
        if at % flood["commits"] == 0 or at == 30 + flood["number"]:
            list(habits.verdicts())
            habits.save()
            habits.put()
            stored = shelf.get((watched.remembers, who))
            sizes.append(len(stored[1]) if stored is not None else 0)
    return sizes


@pytest.mark.parametrize("name", MATCHES)
@settings(max_examples=25)
@given(flood=floods())
def test_what_is_stored_of_a_subject_is_small_whatever_it_does(name, flood):
    assert max(after_a_flood(MATCHES[name], flood)) <= MOST_STORED


@given(st.uuids().map(str) | st.text(max_size=60))
def test_an_id_is_what_it_was(text):
    assert whole_id(brief_id(text)) == text
    assert len(pack(brief_id("\U00010348" * 1000))) < 100


NEW = NewValue(new=("isp",), history=7 * DAY, learning=2 * DAY)


def had(*times_and_values):
    return [(WHO, Entry(moment, number, f"{number}", value)) for number, (moment, value) in enumerate(times_and_values)]


HOME = [(day * DAY, "home") for day in range(30)]


def told(match, entries, every=1):
    """The ids of what is raised, and of what is withdrawn, where each commit is stored."""
    shelf, watched, raised, gone = InMemory(), watching(match), [], []
    habits = Habits(shelf, [watched])
    habits.begin()
    for at, (who, entry) in enumerate(entries, 1):
        habits.add(watched, who, entry)
        if at % every == 0 or at == len(entries):
            for _, _, verdict in habits.verdicts():
                (gone if verdict.change is None else raised).append(verdict.alert_id)
            habits.save()
            habits.put()
    return raised, gone


def test_what_a_flood_hides_is_not_withdrawn():
    flood = [(30 * DAY + n * MINUTE, f"{n} {'x' * 100}") for n in range(300)]
    raised, gone = told(NEW, had(*HOME, *flood), every=7)
    assert 0 < len({*raised}) <= MOST_RAISED
    assert gone == []


def test_so_many_alerts_of_a_policy_and_subject_are_enough_until_these_are_over():
    many = [(30 * DAY + n * MINUTE, f"v{n}") for n in range(2 * MOST_RAISED)]
    later = [(33 * DAY, "home"), (33 * DAY + MINUTE, "another")]
    raised, gone = told(NEW, had(*HOME, *many, *later))
    assert len({*raised}) == MOST_RAISED + 1
    assert gone == []


def test_once_a_flood_is_over_all_that_is_new_is_news_again():
    flood = [(30 * DAY + n * MINUTE, f"{n} {'x' * 100}") for n in range(300)]
    later = [*((34 * DAY, "home") for _ in range(6)), *((34 * DAY + n * MINUTE, f"v{n}") for n in range(1, 9))]
    raised, _ = told(NEW, had(*HOME, *flood, *later), every=7)
    assert {f"{WHO} {336 + n}" for n in range(8)} <= {*raised}


def test_what_somebody_does_in_days_pushes_out_nothing_that_is_done_by_habit():
    others = [(30 * DAY + n * HOUR, f"v{n}") for n in range(3 * MOST_VALUES)]
    memory = NEW.memory()
    for _, entry in had(*HOME, *others):
        memory.add(entry)
        memory.settle(entry.timestamp - 25 * HOUR)
    assert len(memory.had) == MOST_VALUES
    assert "home" in memory.had


def test_what_nobody_asks_for_any_more_goes_first():
    others = [((500 + n) * DAY, f"v{n}") for n in range(2 * MOST_VALUES)]
    memory = NEW.memory()
    for _, entry in had(*HOME, *others):
        memory.add(entry)
        memory.settle(entry.timestamp - 25 * HOUR)
    assert "home" not in memory.had


def test_what_is_told_of_a_finding_goes_on_where_the_flood_has_hidden_a_part_of_it():
    class Light:
        left = 5000

        def packed(self):
            return "x" * self.left

        def lighten(self):
            self.left -= 1000
            return True

    entry = Entry(10, 1, "1")
    known = [Raised("kept", 5, 30, 9, "0", "of it"), Raised("hidden", 5, 30, 9, "0", "another")]
    finding, watched = Finding(first=10, last=20, count=3, members=(entry,), of="of it"), watching(NEW)
    packed, raised = lightened(Light(), {watched.raises: known}, lambda: [(watched, [finding])])
    assert raised == {watched.raises: [Raised("kept", 10, 20, 3, "1", "of it")]}
    assert len(packed) <= MOST_STORED
    assert settled(raised[watched.raises], [finding], 0, lambda one: "new")[1] == []
