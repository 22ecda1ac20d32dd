"""Asking in bounded time: no honest policy is taken for a costly one."""

import gc
import json
from pathlib import Path

import pytest
from asked_policies import ids
from builders import NOON

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

SHIPPED = Path(__file__).parents[2] / "rules"


def asking(*, now=lambda: NOON, **filters):
    policies = [Policy(id=name, name=name, filters=parse_condition(text)) for name, text in filters.items()]
    return Asking(Matcher(policies, now=now))


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
