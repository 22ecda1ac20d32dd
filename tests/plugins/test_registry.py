"""The registry is typed: what lacks a part of its kind's protocol is an error of the type checker, not of a night in production."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from casbd.config import reading
from casbd.errors import BadRecord, Mistakes
from casbd.plugins import Options, registry

HEAD = """
from collections.abc import Sequence
from typing import Any, ClassVar
from casbd.model.activity import Activity
from casbd.plugins import Item, Options, Words, registry
"""
COMMON = "    Options: ClassVar[type[Options]] = Options\n    example: ClassVar[dict[str, Any]] = {}\n"
COMMON += "    def __init__(self, options: Any) -> None: ...\n"
FORMAT = COMMON + "    words: ClassVar[Words] = {}\n    @classmethod\n    def claims(cls, sample: Sequence[bytes]) -> float: return 0\n"
PARSE = "    def parse(self, record: bytes) -> Sequence[Activity]: return ()\n"
SEND = "    def send(self, items: Sequence[Item]) -> None: ...\n"
CLOSE = "    def close(self) -> None: ...\n"
PLUGINS = {
    "right_format": ("format", FORMAT + PARSE),
    "format_without_parse": ("format", FORMAT),
    "right_output": ("output", COMMON + SEND + CLOSE),
    "output_with_another_send": ("output", COMMON + SEND.replace("Item", "str") + CLOSE),
}


def test_what_is_no_plugin_of_its_kind_does_not_pass_the_type_checker(tmp_path):
    for name, (kind, body) in PLUGINS.items():
        (tmp_path / f"{name}.py").write_text(f"{HEAD}\n@registry.{kind}\nclass Plugin:\n{body}")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--ignore-missing-imports",
            "--follow-imports=silent",
            *(f"{name}.py" for name in PLUGINS),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(Path(__file__).parents[2])},
    )
    wrong = {line.partition(".py")[0] for line in done.stdout.splitlines() if "error:" in line}
    assert wrong == {"format_without_parse", "output_with_another_send"}, done.stdout


@pytest.fixture
def with_a_file(monkeypatch, tmp_path):
    """The formats, and one whose file has this text."""
    files = registry.data("formats")

    def put(text):
        (tmp_path / "own.yaml").write_text(text)
        monkeypatch.setattr(registry, "data", lambda kind: files | {"own": tmp_path / "own.yaml"} if kind == "formats" else {})
        registry.names.cache_clear()

    yield put
    monkeypatch.undo()
    registry.names.cache_clear()
    registry._found.pop(("formats", "own"), None)


SERVICE = "about: Own.\napp: Own\ndocumentation: [https://example.com]\nmade: 2026-11-30\n"
SERVICE += "claim: {has: [own]}\nmapping: {timestamp: t, user: own}\n"


class TestPluginsThatAreData:
    def test_a_file_is_a_format(self, with_a_file):
        with_a_file(SERVICE)
        cls = registry.load("formats", "own")
        assert cls is registry.load("formats", "own") is registry.load_all("formats")["own"]
        assert cls.claims([b'{"own": null}', b'{"OWN": 1}', b'{"other": 1}', b'{"more": {"own": 1}}']) == 0.5
        (found,) = cls(cls.Options()).parse(b'{"t": 1769860800, "own": "anna"}')
        assert (found.app, found.user) == ("Own", "anna")

    @pytest.mark.parametrize(
        ("claim", "record", "sure"),
        [
            ("{has: [own, a.b], lacks: [c], when: {k: 'x*'}}", {"own": 1, "a": [{"b": None}], "k": "XY"}, 1),
            ("{has: [own, a.b], lacks: [c], when: {k: 'x*'}}", {"own": 1, "a": {"b": 1}, "k": "y"}, 0),
            ("{has: [own, a.b], lacks: [c], when: {k: 'x*'}}", {"own": 1, "a": {"b": 1}, "k": "x", "c": None}, 0),
            ("{has: [own, a.b], lacks: [c], when: {k: 'x*'}}", {"own": 1, "k": "x"}, 0),
            ("[{has: [one]}, {has: [two]}]", {"two": 1}, 1),
            ("{has: [own, ^.page]}\neach: list", {"page": 1, "list": [{"own": 1}, {}]}, 1),
            ("{has: [own]}\neach: list", {"list": [{"other": 1}], "own": 1}, 0),
        ],
    )
    def test_what_tells_a_record(self, with_a_file, claim, record, sure):
        with_a_file(SERVICE.replace("{has: [own]}", claim))
        assert registry.load("formats", "own").claims([json.dumps(record).encode()]) == sure

    def test_a_record_that_says_neither_who_nor_what_is_told(self, with_a_file):
        with_a_file(SERVICE)
        plugin = registry.load("formats", "own")(Options())
        with pytest.raises(BadRecord, match="nothing of Own is in it"):
            plugin.parse(b'{"t": 1769860800}')
        with pytest.raises(BadRecord, match="not a JSON object"):
            plugin.parse(b"[]")

    @pytest.mark.parametrize("text", ["", "about: [", SERVICE.replace("user:", "usr:"), SERVICE.replace("has:", "hass:")])
    def test_a_damaged_one_stops_nobody_else(self, with_a_file, text):
        with_a_file(text)
        assert "own" in registry.names("formats")
        assert registry.load_all("formats").keys() == {*registry.names("formats")} - {"own"}
        with pytest.raises(Mistakes, match=r"own\.yaml:"):
            registry.load("formats", "own")

    def test_who_names_a_damaged_one_is_told(self, with_a_file, tmp_path):
        with_a_file(SERVICE.replace("user:", "usr:"))
        (tmp_path / "casbd.yaml").write_text("inputs: [{name: x, path: /x, format: own}]\n")
        with pytest.raises(Mistakes, match="did you mean `user`"):
            reading.load(tmp_path / "casbd.yaml")
        (tmp_path / "casbd.yaml").write_text("inputs: [{name: x, path: /x}]\n")
        assert reading.load(tmp_path / "casbd.yaml").inputs


class City(Options):
    """An enricher's that has a key of geoip's."""

    city: int = 5


class Trial:
    Options = City
    section = "enrichment"
    by_default = False


@pytest.fixture
def one_more(monkeypatch, tmp_path):
    """Reads a configuration where there is one more enricher."""
    everything = registry.load_all("enrichers")

    def read(text, *, options):
        trial = type("Trial", (Trial,), {"Options": options})
        monkeypatch.setattr(registry, "load_all", lambda kind: everything | {"trial": trial} if kind == "enrichers" else {})
        (tmp_path / "casbd.yaml").write_text(text)
        return reading.load(tmp_path / "casbd.yaml").enrichers

    return read


def test_two_enrichers_have_no_key_of_the_same_name(one_more):
    with pytest.raises(RuntimeError, match=r"`enrichment.city` is an option of two enrichers: geoip and trial"):
        one_more("enrichment: {city: x.mmdb}\n", options=City)


def test_an_enricher_that_nobody_configured_does_not_run(one_more):
    class Own(Options):
        """Its own."""

        depth: int = 1

    assert "trial" not in one_more("enrichment: {city: x.mmdb}\n", options=Own)
    assert one_more("enrichment: {depth: 2}\n", options=Own)["trial"].depth == 2
