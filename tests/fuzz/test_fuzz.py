"""Every target for about a second, the same inputs each time; what was found once; and that the harness would find something."""

from pathlib import Path
from random import Random

import fuzz
import pytest
import targets
from mutation import LARGEST, mutate

from casbd.plugins import registry

FOUND = Path(__file__).parent / "found"
INPUTS = {"record": 250, "file": 250, "rule": 150, "configuration": 20, "clock": 15, "picked": 1500}
"""About a second each."""


@pytest.mark.parametrize("name", targets.names())
def test_no_fault_in_a_second(name):
    target = targets.load(name)
    told = []
    seeds = target.seeds()
    random = Random(name)
    for _ in range(INPUTS[name]):
        data = random.choice(seeds)
        if random.random() < 0.9:
            data = mutate(data, seeds, target.TOKENS, random)
        if fault := fuzz.fault_of(target, data):
            told.append((fault, data))
    assert not told


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once(path):
    fuzz.attempt(targets.load(path.parent.name), path.read_bytes())


class Planted:
    """A target with a fault that takes three right bytes."""

    TOKENS = (b"{{",)

    def seeds(self):
        return [b"first line\nsome text that is in order", b'name\n{"a": [1, 2, {"b": "c"}]}']

    def attempt(self, data):
        if data.count(b"{{") and b"\x00" in data:
            raise KeyError("a fault")


def test_a_fault_is_found_shortened_and_told_once():
    told = []
    tried = fuzz.search(Planted(), Random(1), lambda tried: tried < 5000, lambda data, fault: told.append((data, fault)))
    assert tried == 5000
    assert [fault for _, fault in told] == ["KeyError 'a fault'"]
    assert sorted(told[0][0]) == sorted(b"{{\x00")


def test_what_takes_too_long_is_a_fault(monkeypatch):
    monkeypatch.setattr(fuzz, "SLOWEST", -1)
    assert fuzz.fault_of(Planted(), b"in order").startswith("SlowError")


def test_the_same_seed_gives_the_same_inputs():
    seeds = Planted().seeds()
    several = [[mutate(seeds[1], seeds, [b"x"], random) for _ in range(200)] for random in (Random(7), Random(7), Random(8))]
    assert several[0] == several[1] != several[2]
    assert max(map(len, several[0])) <= LARGEST


def test_every_target_has_seeds_of_every_kind():
    formats = {seed.split(b"\n")[0].decode() for seed in targets.load("record").seeds()}
    assert formats == {*registry.names("formats")}
    assert {*INPUTS} == {*targets.names()}
