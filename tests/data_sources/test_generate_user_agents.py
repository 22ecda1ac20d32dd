import importlib.util
import json
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from ruamel.yaml import YAML

SOURCE = Path(__file__).with_name("generate_user_agents.py")
spec = importlib.util.spec_from_file_location("generate_user_agents", SOURCE)
assert spec
assert spec.loader
generator = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generator)

TODAY = date(2026, 11, 21)
GRACE = timedelta(days=10)
RELEASES = {
    "9": {"release_date": "2025-01-01", "status": "retired"},
    "11": {"release_date": "2026-05-25", "status": "retired"},
    "10": {"release_date": "2026-01-01", "status": "retired"},
    "12": {"release_date": "2026-05-26", "status": "current"},
    "13": {"release_date": "2027-01-01", "status": "planned"},
    "14": {"status": "planned"},
}


def test_a_browser_is_outdated_a_while_after_the_next_came_out() -> None:
    assert generator.browser_days("Opera", RELEASES, GRACE, TODAY) == {
        "9": date(2026, 1, 11),
        "10": date(2026, 6, 4),
        "11": date(2026, 6, 5),
        "12": None,
    }


def test_what_was_fixed_in_an_old_version_later_is_outdated_by_the_newest() -> None:
    releases = {"1": {"release_date": "2026-03-01"}, "2": {"release_date": "2026-01-01"}, "3": {"release_date": "2026-02-01"}}
    assert generator.followed(generator.released(releases, TODAY), GRACE) == {
        "1": date(2026, 1, 11),
        "2": date(2026, 2, 11),
        "3": None,
    }


def test_an_extended_release_is_outdated_when_its_support_ends() -> None:
    days = {str(number): date(2026, 1, 1) + timedelta(days=number - 128) for number in range(128, 154)}
    outdated = generator.extended(days, generator.followed(days, GRACE))
    assert outdated["128"] == days["143"]
    assert outdated["129"] == days["130"] + GRACE
    assert outdated["140"] is None  # three releases after 153 are not out


def test_an_extended_release_that_the_generator_does_not_know_is_told() -> None:
    with pytest.raises(ValueError, match="EXTENDED lacks Firefox"):
        generator.browser_days("Firefox", {"200": {"release_date": "2026-01-01", "status": "esr"}}, GRACE, TODAY)


def test_an_edition_with_numbers_of_its_own_is_outdated_after_the_first_that_counts_like_the_desktop() -> None:
    releases = {str(n): {"release_date": f"2021-0{n - 85}-01", "status": "retired"} for n in range(88, 93)}
    assert generator.browser_days("Edge Mobile", releases, GRACE, TODAY) == {
        "1": date(2021, 6, 11),
        "91": date(2021, 7, 11),
        "92": None,
    }


def test_the_shipped_table_is_what_the_generator_makes() -> None:
    shipped = json.loads(files("casbd").joinpath("data", "user_agents.json").read_text())
    systems = YAML(typ="safe").load(SOURCE.with_name("ends_of_support.yaml"))
    releases = {number: {"release_date": "2021-05-27", "status": "retired"} for number in ("91", "96")}
    browsers = {"browsers": {key: {"releases": releases} for key in generator.BROWSERS}, "__meta": {"version": "1"}}
    made = json.loads(generator.text(generator.content(browsers, systems, 180, TODAY)))
    assert shipped["systems"] == made["systems"]
    assert shipped["browsers"].keys() == made["browsers"].keys()
    assert shipped["about"] == made["about"]
