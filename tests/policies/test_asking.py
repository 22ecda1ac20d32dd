"""A policy that costs far too much is found and asked no more; an honest one never is, whatever the record and the machine."""

import gc
import json
import random
from pathlib import Path

import pytest
from builders import NOON, chunk, record

from casbd.clock import thread_cpu
from casbd.filters.condition_text import parse_condition
from casbd.filters.effort import STRETCH, Effort, TooCostly
from casbd.filters.tree import AllOf
from casbd.model.activity import Activity, ActivityObject
from casbd.policies import asking as module
from casbd.policies.asking import Asking, who_is_costly
from casbd.policies.loading import load
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.store.state import audit, set_aside

HONEST = {"failed": {}}
SHIPPED = Path(__file__).parents[2] / "rules"


def letters(number, seed):
    """Text that keeps RE2 busy: every position is a new state."""
    return "".join(random.Random(seed).choices("xy", k=number))


def large(seed):
    """An expression at the limit of its size, as large in memory as it gets."""
    return f"x[xy]{{{960 + seed % 40}}}z{seed}"


def matching(*expressions):
    return {"filters": {"raw": {"matches": list(expressions)}}}


def many(text, number):
    return [text.replace("#", str(one)) for one in range(number)]


def parts(seed, number=3000):
    """So many texts that are looked for in vain, and nearly found again and again."""
    return {"filters": {"raw": {"substring": many(f"xyxyxyxyxy{seed}#", number)}}}


PARTS = [record(X="xyxyxyxyxyz " * 4000, N=number) for number in range(3)]
PAIRS = [{"é": number} for number in range(60_000)]
WARM = [record(X=letters(60_000, seed)) for seed in range(3)]
"""After these, RE2 has no memory left to remember states in, and works at its slowest."""
ATTACKS = {
    "an expression over large records": ({"evil": matching(*map(large, range(4)))}, WARM),
    "over many small ones": ({"evil": matching(*map(large, range(4)))}, [*WARM[:2], *(record(X=letters(1200, i)) for i in range(300))]),
    "twenty in one policy": ({"evil": matching(*map(large, range(20)))}, WARM),
    "twenty policies": ({f"evil{n}": parts(n) for n in range(20)}, PARTS),
    "a list of parts": ({"evil": parts(0, 50_000)}, PARTS),
    "a list of words": ({"evil": {"filters": {"raw": {"contains": many("x #", 90_000)}}}}, [record(X="x y " * 500)] * 60),
    "words that are clues": (
        {"evil": {"filters": {"any_of": [{"user_agent": {"contains": f"xyxy{n}"}} for n in range(9000)]}}},
        [record(UserAgent="xyxyxyxy" * 20_000, Operation="UserLoggedIn")] * 2,
    ),
    "paths": ({"evil": {"filters": {"any_of": [{f"raw.X.k{n}": {"eq": "z"}} for n in range(9000)]}}}, [record(X=PAIRS)]),
    "every value": ({"evil": {"filters": {"any_of": [{"raw.**": {"substring": f"k{n}"}} for n in range(9000)]}}}, [record(X=PAIRS)]),
    "objects": (
        {"evil": {"filters": {"any_of": [{"object_name": {"matches": large(n)}} for n in range(19)]}}},
        [record(Workload="SharePoint", Operation="FileDownloaded", ObjectId=f"https://a/b/{letters(60_000, n)}") for n in range(3)],
    ),
}


@pytest.fixture
def impatient(monkeypatch):
    """The limit on a chunk is 0.1 s; what a policy may take alone is as it is."""
    monkeypatch.setattr(module, "CHUNK_SECONDS", 0.1)


@pytest.mark.parametrize(("rules", "records"), ATTACKS.values(), ids=ATTACKS)
def test_who_costs_too_much_is_asked_no_more(make_core, impatient, rules, records):
    core = make_core(rules=rules | HONEST)
    asked = core.scanner._asking._matcher
    for _ in range(4):  # of twenty, some are found with each chunk
        core.feed(chunk([*records, record()]))

    assert [policy.id for policy in asked.policies] == ["failed"]
    assert set_aside.of(core.store.connection, core.meanings()).keys() == rules.keys()
    assert {alert.policy_id for alert in core.alerts()} >= {"failed", "casbd.policy_set_aside"}
    assert "casbd.activities_not_asked_about" not in {alert.policy_id for alert in core.alerts()}
    begun = thread_cpu()
    core.scanner.scan(chunk(records))
    assert thread_cpu() - begun < 2


def test_an_honest_policy_goes_on_beside_it(make_core, impatient):
    core = make_core(rules={"evil": matching(*map(large, range(20)))} | HONEST)
    records = [record(X=letters(60_000, seed)) for seed in range(5)]

    batch = core.scanner.scan(chunk(records))

    assert [ids for _, _, ids, _ in batch.matches] == [("failed",)] * 5
    assert [cost.policy_id for cost in batch.costly] == ["evil"]
    assert batch.unasked == 0


class TestIsTold:
    """By an alert, in the audit trail, once; in the transaction that stores the records."""

    @pytest.fixture
    def core(self, make_core, impatient):
        return make_core(rules={"evil": matching(*map(large, range(20)))})

    def test_what_it_took_and_what_to_do(self, core):
        core.feed(chunk(WARM, path="/in/z.json"))

        (alert,) = core.alerts()
        assert (alert.policy_type, alert.severity, alert.title) == ("system", "high", "evil costs too much and is set aside")
        assert "for 1 activity of 60,2" in alert.description
        assert "/in/z.json, byte " in alert.description
        assert "casbd policies backtest evil --from 2026-01-01T12:00:00.000Z" in alert.description
        assert [row.kind for row in core.waiting()] == ["alert"]
        (entry,) = audit.listed(core.store.connection)
        assert (entry.action, entry.target, entry.who) == ("policies set aside", "evil", "casbd")

    def test_once(self, core):
        for _ in range(3):
            core.feed(chunk(WARM))
        assert len(core.alerts()) == 1

    def test_also_where_the_first_commit_failed(self, core):
        batch = core.scanner.scan(chunk(WARM))
        assert batch.costly
        core.pipeline.reload_state()  # and nothing of it was stored

        core.feed(chunk(WARM))

        assert len(core.alerts()) == 1

    def test_not_of_a_policy_that_is_gone(self, core):
        batch = core.scanner.scan(chunk(WARM))
        core.pipeline.use(core.settings, [])
        core.pipeline.commit([batch])
        assert core.alerts() == []


class TestPatience:
    """More hostile policies than can be found in the time for one chunk."""

    @pytest.fixture
    def core(self, make_core, impatient, monkeypatch):
        monkeypatch.setattr(module, "CHUNK_SECONDS", 0.02)
        monkeypatch.setattr(module, "PATIENCE", 0.05)
        monkeypatch.setattr(module, "PASS_SECONDS", 0.05)
        monkeypatch.setattr(module, "CHARACTER_SECONDS", 0.0)
        return make_core(rules={f"evil{n}": parts(n) for n in range(20)} | HONEST)

    def test_about_the_rest_of_a_chunk_nobody_is_asked_and_that_is_told(self, core):
        for number in (1, 2):
            core.feed(chunk([record(X="xyxyxyxyxyz " * 4000) for _ in range(3)]))

            (told,) = [alert for alert in core.alerts() if alert.policy_id == "casbd.activities_not_asked_about"]
            assert told.activity_count == 3 * number
            assert len(core.activities()) == 3 * number

    def test_the_next_chunk_is_asked_about(self, core):
        core.feed(chunk(PARTS))
        assert core.feed_records(record()) == 1

    def test_and_all_are_found_in_the_end(self, core):
        asked = core.scanner._asking._matcher
        left = []
        while len(asked.policies) > 1 and len(left) < 50:
            core.feed(chunk([record(X="xyxyxyxyxyz " * 4000)]))
            left.append(len(asked.policies))
        assert len(set(left)) > 2
        assert [policy.id for policy in asked.policies] == ["failed"]


def asking(*, now=lambda: NOON, **filters):
    policies = [Policy(id=name, name=name, filters=parse_condition(text)) for name, text in filters.items()]
    return Asking(Matcher(policies, now=now))


def ids(found):
    return [policies for _, policies, _ in found]


class TestHonest:
    """What is nobody's fault sets nobody aside."""

    @pytest.fixture(autouse=True)
    def no_time(self, monkeypatch):
        """Every chunk takes too long."""
        monkeypatch.setattr(module, "CHUNK_SECONDS", 0.0)
        monkeypatch.setattr(module, "CHARACTER_SECONDS", 0.0)

    def ask(self, several, activities=10):
        several.begin(0)
        found = several.ask([Activity(NOON, str(number), raw="{}", user="a") for number in range(activities)])
        return ids(found), several.end()

    def test_where_nobody_alone_costs_much(self):
        found, told = self.ask(asking(a="user eq a", b="user substring a"))
        assert (found, told) == ([("a", "b")] * 10, ([], 0))

    def test_a_busy_machine(self, monkeypatch):
        """Time that passes while others have the processor is not its own."""
        monkeypatch.setattr(module, "CHUNK_SECONDS", 0.3)
        several = asking(a="timestamp within_days 1", now=lambda: waited(0.05))
        found, told = self.ask(several)
        assert (found, told) == ([("a",)] * 10, ([], 0))

    def test_a_garbage_collection(self):
        seen = []
        several = asking(a="timestamp within_days 1", now=lambda: seen.append(gc.isenabled()) or NOON)
        self.ask(several)
        assert seen[-20:] == [False] * 10 + [True] * 10
        assert gc.isenabled()

    def test_a_hitch_is_no_proof(self):
        burnt = iter([0.0] * 12 + [0.3])
        several = asking(a="timestamp within_days 1", now=lambda: burn(next(burnt, 0.0)))
        assert self.ask(several)[1] == ([], 0)

    def test_but_to_take_long_each_time_is(self):
        several = asking(a="timestamp within_days 1", b="user eq a", now=lambda: burn(0.005))
        found, (costly, unasked) = self.ask(several)
        assert (found, unasked) == ([("b",)] * 10, 0)  # these took too long already
        assert [cost.policy_id for cost in costly] == ["a"]


def waited(seconds):
    import threading

    threading.Event().wait(seconds)
    return NOON


def burn(seconds):
    until = thread_cpu() + seconds
    while thread_cpu() < until:
        pass
    return NOON


def odd_records():
    """What an outsider might have an app log: the largest and oddest, a megabyte each."""
    size = 1_000_000
    yield "one text", {"Parameters": [{"Name": "ForwardTo", "Value": "ab " * (size // 3)}]}
    yield "not ASCII", {"Parameters": "é İß" * (size // 5)}
    yield "numbers", {"é": 1, "Parameters": [*range(size // 8)], "ModifiedProperties": [*range(1000)]}
    yield "pairs", {"é": 1, "Parameters": [{"Name": f"n{number}", "Value": "é"} for number in range(size // 30)]}
    yield "JSON in text", {"Parameters": json.dumps({"a": json.dumps({"b": ["é"] * (size // 8)})})}
    yield "deep", {"Parameters": json.loads("[" * 500 + "1" + "]" * 500)}


@pytest.mark.parametrize(("name", "content"), [*odd_records()])
def test_no_record_makes_a_shipped_policy_costly(name, content):
    """Each alone takes a part of what it may take, and together they are far from the limit."""
    policies = [policy for policy in load([SHIPPED]) if policy.enabled]
    raw = json.dumps({"Operation": "New-InboxRule", "eventName": "x"} | content, ensure_ascii=False)
    text = raw[-200_000:]
    things = tuple(ActivityObject(str(number), text[number : number + 9], "User", "target") for number in range(5000))
    activities = [
        Activity(NOON, "1", activity_type="Log on", action_type="New-InboxRule", app=app, user=text, object_name=text, user_agent=text,
                 result_detail=text, objects=things, raw=raw)
        for app in ("Microsoft Exchange Online", "AWS")
    ]  # fmt: skip
    matcher = Matcher(policies, now=lambda: NOON)
    begun = thread_cpu()
    for activity in activities:
        matcher.match(activity)
    assert thread_cpu() - begun < module.CHUNK_SECONDS / 4
    assert [*who_is_costly(matcher, activities, [raw, raw], 60)] == []


class TestEffort:
    def test_without_a_limit_there_is_none(self):
        Effort().spend(10**18)

    def test_a_little_work_is_not_looked_at(self):
        effort = Effort()
        effort.allow(-1)
        effort.spend(STRETCH)
        with pytest.raises(TooCostly):
            effort.spend(1)

    def test_what_was_done_before_does_not_count(self):
        effort = Effort()
        effort.spend(STRETCH)
        effort.allow(60)
        effort.spend(10 * STRETCH)


def test_without_a_policy(make_core):
    several = asking(a="user eq a", b="user eq a")
    several.begin(0)
    several.do_without(["a", "unknown"])
    assert ids(several.ask([Activity(NOON, "1", raw="{}", user="a")])) == [("b",)]


def test_those_that_cost_little_are_looked_at_first():
    policies = [
        Policy(id=name, name=name, filters=AllOf((parse_condition(text),)))
        for name, text in (("a", "raw matches x[xy]{900}"), ("b", "user eq a,b,c"), ("c", "user eq a"))
    ]
    order = []
    matcher = Matcher(policies)
    alone = matcher.alone
    matcher.alone = lambda policy: order.append(policy.id) or alone(policy)
    assert [*who_is_costly(matcher, [Activity(NOON, "1", raw="{}")], ["{}"], 60)] == []
    assert order == ["c", "b", "a"]
