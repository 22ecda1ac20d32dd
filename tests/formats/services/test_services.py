"""Services whose formats are data: samples made after their vendors' documentation, and the activities that they become.

A folder a service: `sample.*`, and others `*_sample.*`, each with its golden file beside it; CASBD_ACCEPT=1 writes those.
"""

import re
from pathlib import Path

import pytest
import samples
from golden import agrees

from casbd.formats import _service, table_words
from casbd.plugins import Options, registry

HERE = Path(__file__).parent
SAMPLES = {str(path.relative_to(HERE)): path for path in sorted(HERE.glob("*/*sample.*"))}
SERVICES = sorted(registry.data("formats"))


def activities(path):
    plugin = registry.load("formats", path.parent.name)(Options())
    return [activity for record in samples.records(path) for activity in plugin.parse(record)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_records_become(sample):
    path = SAMPLES[sample]
    assert agrees(activities(path), path.with_name(f"{path.name.replace('sample', 'golden')}.json"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_can_be_used_and_is_shown_at_work(name):
    cls = _service.plugin(registry.data("formats")[name])
    assert issubclass(registry.load("formats", name), _service.Service)
    samples = [path for path in SAMPLES.values() if path.parent.name == name]
    found = [activity for path in samples for activity in activities(path)]
    assert len(found) >= 5
    assert len({activity.activity_id for activity in found if activity.activity_id}) == sum(bool(one.activity_id) for one in found)
    assert {activity.source for activity in found} == {None}
    assert re.fullmatch(r"[A-Z0-9].{20,160}\.", cls.__doc__), cls.__doc__


@pytest.mark.parametrize("name", SERVICES)
def test_its_types_are_those_of_all_formats(name):
    """A type that only one file has would be one that no rule, no SIEM and no OCSF class knows."""
    assert set(registry.load("formats", name).words.get("activity_type", ())) <= table_words()["activity_type"]


def test_no_name_is_taken_twice():
    assert not set(SERVICES) & {path.stem for path in Path(_service.__file__).parent.glob("*.py")}
