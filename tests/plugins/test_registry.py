"""The registry is typed: what lacks a part of its kind's protocol is an error of the type checker, not of a night in production."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from casbd.config import reading
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
