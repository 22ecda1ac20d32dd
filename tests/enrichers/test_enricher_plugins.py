"""What must hold for every enricher there is, and will be."""

from typing import Any

import pytest
from pydantic import ValidationError

from casbd.documents import Document
from casbd.errors import Mistakes
from casbd.model.activity import FIELDS, Activity
from casbd.pipeline.enrichment import Enrichment
from casbd.plugins import registry

ALL = registry.load_all("enrichers")


def test_there_are_some() -> None:
    assert {"geoip", "ip_ranges", "user_agent", "users"} <= ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_the_example_is_valid_and_a_misspelt_key_is_told(name: str, tmp_path: Any) -> None:
    plugin = ALL[name]
    plugin.Options.model_validate(plugin.example)
    key = next(iter(plugin.example))
    file = tmp_path / "options.yaml"
    file.write_text(f"{key}x: {plugin.example[key]}\n")
    with pytest.raises(Mistakes, match=f"unknown key `{key}x` .did you mean `{key}`"):
        Document(file).check(plugin.Options)


@pytest.mark.parametrize("name", ALL)
def test_provides_fields_that_exist_and_nothing_is_needed_to_run_it(name: str) -> None:
    plugin = ALL[name]
    assert set(plugin.provides) <= FIELDS.keys()
    enricher = plugin(plugin.Options())
    empty = Activity()
    Enrichment([enricher]).enrich([empty])
    assert empty == Activity()
    assert all(path.exists() for path in enricher.files())


@pytest.mark.parametrize("name", ALL)
def test_changes_no_other_fields_than_it_provides(name: str) -> None:
    plugin = ALL[name]
    activity = Activity(user="a@fabrikam.com", ip_address="8.8.8.8", user_agent="curl/7.68.0")
    before = {field: getattr(activity, field) for field in FIELDS}
    Enrichment([plugin(plugin.Options())]).enrich([activity])
    changed = {field for field in FIELDS if getattr(activity, field) != before[field]}
    assert changed or not plugin.by_default
    assert changed <= set(plugin.provides)


def test_no_option_of_a_section_belongs_to_two_plugins() -> None:
    owners: dict[tuple[str, str], str] = {}
    for name, plugin in ALL.items():
        for option in plugin.Options.model_fields:
            assert owners.setdefault((plugin.section, option), name) == name


def test_relative_paths_start_at_the_configuration(tmp_path: Any) -> None:
    options = ALL["ip_ranges"].Options.model_validate({"ip_ranges": "a.yaml", "tor": "tor.txt"}, context={"base": tmp_path})
    assert (options.ip_ranges, options.tor) == (tmp_path / "a.yaml", (tmp_path / "tor.txt",))


def test_options_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ALL["geoip"].Options().city = "x"
