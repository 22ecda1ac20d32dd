"""What casbd needs is bounded in setup.cfg, and what was tested is pinned with hashes in requirements/."""

import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
NO_MAJOR_THAT_BREAKS = {"tzdata", "ua-parser-builtins", "cryptography"}
"""Data, and one that breaks nothing of what the tests use."""


def entries(path):
    """Each pinned release: its requirement, and the hashes."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        words, *hashes = line.split(" --hash=")
        yield Requirement(words.strip()), [one.strip() for one in hashes]


def pins(path):
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement, _ in entries(path)}


def needed(extra):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    text = setup["options.extras_require"][extra] if extra else setup["options"]["install_requires"]
    return [Requirement(line) for line in text.strip().splitlines()]


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
class TestPinned:
    def test_every_release_has_hashes(self, path):
        for requirement, hashes in entries(path):
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
            assert hashes, requirement
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement

    def test_no_index_is_named(self, path):
        assert not re.search(r"://|--index|--find-links|--trusted|@ ", path.read_text())


EXTRAS = ("test", "aws", "kafka")


@pytest.mark.parametrize(("name", "extra"), [("casbd", None), *((name, extra) for name in EXTRAS for extra in (None, name))])
def test_what_is_pinned_is_what_setup_cfg_allows(name, extra):
    pinned = pins(ROOT / "requirements" / f"{name}.txt")
    for requirement in needed(extra):
        version = pinned[canonicalize_name(requirement.name)].removeprefix("==")
        assert version in requirement.specifier, requirement


@pytest.mark.parametrize("name", ["casbd", "aws", "kafka"])
def test_the_tests_run_with_what_is_installed_for_use(name):
    tested = pins(ROOT / "requirements" / "test.txt")
    used = pins(ROOT / "requirements" / f"{name}.txt")
    assert used.items() <= tested.items()


@pytest.mark.parametrize("extra", [None, "test"])
def test_bounds(extra):
    for requirement in needed(extra):
        operators = {one.operator for one in requirement.specifier}
        assert operators == ({">="} if requirement.name in NO_MAJOR_THAT_BREAKS else {">=", "<"}), requirement
