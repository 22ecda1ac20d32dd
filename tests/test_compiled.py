"""What is in C is optional: without a compiler the same package installs, and answers the same; with one it is there."""

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import casbd

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "casbd").rglob("*.c"))
ANSWER = """\
import hashlib, importlib.util, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from casbd.formats.m365 import M365
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import Options
from casbd.records.finished import finish
from casbd.store.log import packing
packer, m365 = packing.Packer(), M365(Options())
for path in sorted(Path(sys.argv[2]).glob("cases/*/input.json")):
    record = path.read_bytes()
    for activity in m365.parse(record):
        finish(activity, record, record.decode())
        packer.add([activity])
compiled = [importlib.util.find_spec(module) is not None for module in sys.argv[3:]]
packer.add([Activity(n, f"{n}", user=f"ä{n % 7}", objects=(ActivityObject("x", None, "y"),) * (n % 3), latitude=n / 3) for n in range(500)])
number = len(packer._times)
columns = packing.unpacked(packer.part(range(number)).body, number)
digest = hashlib.sha256(columns.serialize().to_pybytes()).hexdigest()
print(*{*compiled, packing.COMPILED}, packing.__file__.startswith(sys.argv[1]), digest)
"""


def module_of(source: Path) -> str:
    """The module that is made of a C file."""
    return ".".join(source.with_suffix("").parts)


def installed(place: Path, compiler: str) -> tuple[str, str, str]:
    """What a package that was installed with such a compiler answers: whether C is in it, whether it is this one, and a digest."""
    source = place / "source"
    source.mkdir()
    for name in ("casbd", "conf", "rules"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-deps", "--no-build-isolation"]
    environment = os.environ | {"CC": compiler}
    subprocess.run([*pip, "--target", str(place / "package"), str(source)], check=True, env=environment, capture_output=True)
    arguments = [str(place / "package"), str(ROOT / "tests" / "formats" / "m365"), *map(module_of, SOURCES)]
    answer = subprocess.run([sys.executable, "-c", ANSWER, *arguments], check=True, capture_output=True, text=True)
    compiled, own, digest = answer.stdout.split()
    return compiled, own, digest


def test_with_and_without_a_compiler_the_answers_are_the_same(tmp_path):
    (tmp_path / "without").mkdir()
    without = installed(tmp_path / "without", "/bin/false")
    assert without[:2] == ("False", "True")
    if not shutil.which("cc"):
        pytest.skip("there is no compiler")
    (tmp_path / "with").mkdir()
    assert installed(tmp_path / "with", "cc") == ("True", "True", without[2])


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no compiler")
@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_what_was_installed_has_it(source):
    module = import_module(module_of(source))
    assert Path(module.__file__).parent == Path(casbd.__file__).parent / source.relative_to("casbd").parent
