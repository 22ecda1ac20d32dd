"""Enrichers together: who goes first, what is remembered, and what is not."""

import tracemalloc
from typing import Any

import pytest

from casbd.model.activity import Activity
from casbd.pipeline import enrichment
from casbd.pipeline.enrichment import Enrichment, configured
from casbd.plugins import registry


class Told:
    """Says what it is told to, and notes what it was asked."""

    def __init__(self, reads: tuple[str, ...], answer: dict[str, Any]) -> None:
        self.reads = reads
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def look_up(self, *values: Any) -> dict[str, Any]:
        self.asked.append(values)
        return self.answer


def enriched(enrichers: list[Told], *activities: Activity) -> tuple[Activity, ...]:
    Enrichment(enrichers).enrich(activities)
    return activities


def test_a_later_one_overrides_and_what_nobody_knows_stays():
    first, second = Told(("ip_address",), {"country": "NO", "isp": "Telenor"}), Told(("ip_address",), {"country": "SE", "city": None})
    (activity,) = enriched([first, second], Activity(ip_address="192.0.2.1", city="Oslo", browser="Edge"))
    assert activity == Activity(ip_address="192.0.2.1", country="SE", city=None, isp="Telenor", browser="Edge")


def test_one_of_another_kind_in_between_keeps_the_order():
    several = [Told(("ip_address",), {"country": "NO"}), Told(("user",), {"country": "SE"}), Told(("ip_address",), {"country": "DK"})]
    (activity,) = enriched(several, Activity(ip_address="192.0.2.1", user="a"))
    assert activity.country == "DK"


def test_the_same_values_are_looked_up_once():
    one = Told(("user", "user_type"), {"user_groups": ("Board",)})
    found = enriched([one], *(Activity(user=user, user_type=kind) for user in "ab" for kind in ("Guest", None) for _ in range(3)))
    assert sorted(one.asked, key=str) == [("a", "Guest"), ("a", None), ("b", "Guest"), ("b", None)]
    assert {activity.user_groups for activity in found} == {("Board",)}


def test_each_user_has_what_is_said_of_that_one():
    class Domain(Told):
        def look_up(self, *values):
            return {"user_domain": values[0].partition("@")[2]}

    users = ("a@contoso.com", "b@fabrikam.com", "c@contoso.com")
    found = enriched([Domain(("user",), {})], *(Activity(user=user) for user in users))
    assert [activity.user_domain for activity in found] == ["contoso.com", "fabrikam.com", "contoso.com"]


@pytest.mark.parametrize("reads", [("user",), ("user", "user_type")])
def test_nobody_is_asked_about_what_is_not_known(reads):
    one = Told(reads, {"user_domain": "x"})
    assert enriched([one], Activity(user_type="Guest")) == (Activity(user_type="Guest"),)
    assert one.asked == []


def test_what_is_remembered_is_bounded_in_number_and_length(monkeypatch):
    monkeypatch.setattr(enrichment, "MOST", 3)
    one = Told(("user",), {"user_domain": "x"})
    together = Enrichment([one])
    for n in range(100):
        together.enrich([Activity(user=f"{n}"), Activity(user="long" * 200 + f"{n}")])
    (_, answers) = together._kinds[0]
    assert len(answers) <= 3
    assert max(map(len, answers)) < 10
    assert len(one.asked) == 200


def test_what_is_said_of_long_values_is_not_kept(monkeypatch):
    class Domain(Told):
        def look_up(self, *values):
            return {"user_domain": values[0]}

    together = Enrichment([Domain(("user",), {})])
    tracemalloc.start()
    for n in range(300):
        together.enrich([Activity(user=f"{n}" * 20_000)])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


def test_those_that_are_configured_in_their_order_and_all_that_is_wrong(tmp_path):
    classes = registry.load_all("enrichers")
    (tmp_path / "bad.yaml").write_text("- {name: x, range: nonsense}\n")
    options = {name: cls.Options() for name, cls in reversed(classes.items())}
    enrichers, mistakes = configured(options)
    assert [one.order for one in enrichers] == sorted(cls.order for cls in classes.values())
    assert not mistakes
    options["ip_ranges"] = classes["ip_ranges"].Options.model_validate({"ip_ranges": tmp_path / "bad.yaml"})
    enrichers, mistakes = configured(options)
    assert len(enrichers) == len(classes) - 1
    assert [mistake.file for mistake in mistakes] == [str(tmp_path / "bad.yaml")]
    assert [type(one).__module__ for one in configured(options, lambda cls: cls.section == "organization")[0]] == [
        cls.__module__ for cls in classes.values() if cls.section == "organization"
    ]


def test_of_several_whose_files_are_wrong_each_is_told(tmp_path):
    files = {"geoip": tmp_path / "bad.mmdb", "ip_ranges": tmp_path / "bad.yaml"}
    for file in files.values():
        file.write_text("- {name: x, range: nonsense}\n")
    given = {"geoip": {"city": files["geoip"]}, "ip_ranges": {"ip_ranges": files["ip_ranges"]}}
    enrichers, mistakes = configured({name: registry.load("enrichers", name).Options.model_validate(own) for name, own in given.items()})
    assert enrichers == []
    assert [mistake.file for mistake in mistakes] == [*map(str, files.values())]
