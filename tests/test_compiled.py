"""The part in C is optional: without a compiler the same package installs, and answers the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ANSWER = """\
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from casbd.model.activity import Activity, ActivityObject
from casbd.store.log import packing
packer = packing.Packer()
packer.add([Activity(n, f"{n}", user=f"ä{n % 7}", objects=(ActivityObject("x", None, "y"),) * (n % 3), latitude=n / 3) for n in range(500)])
columns = packing.unpacked(packer.part(range(500)).body, 500)
print(packing.COMPILED, packing.__file__.startswith(sys.argv[1]), hashlib.sha256(columns.serialize().to_pybytes()).hexdigest())
"""


def installed(place: Path, compiler: str) -> tuple[str, str, str]:
    """What a package that was installed with such a compiler answers: whether C is in it, whether it is this one, and a digest."""
    source = place / "source"
    source.mkdir()
    for name in ("casbd", "rules"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-deps", "--no-build-isolation"]
    environment = os.environ | {"CC": compiler}
    subprocess.run([*pip, "--target", str(place / "package"), str(source)], check=True, env=environment, capture_output=True)
    answer = subprocess.run([sys.executable, "-c", ANSWER, str(place / "package")], check=True, capture_output=True, text=True)
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
