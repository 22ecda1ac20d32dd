"""How property tests are run: settings that all of them share are in one place, `conftest.py`."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent


def test_no_property_test_fails_for_being_slow():
    assert settings().deadline is None


@pytest.mark.parametrize(("ci", "derandomized"), [("", "False"), ("true", "True")])
def test_examples_are_always_the_same_where_ci_is_set(ci, derandomized):
    code = "import conftest, hypothesis; print(hypothesis.settings().derandomize, hypothesis.settings().deadline)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TESTS, env=os.environ | {"CI": ci}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [derandomized, "None"]


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.stem)
def test_no_single_test_has_a_deadline_of_its_own(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and "settings" in ast.unparse(node.func)]
    assert not [node.lineno for node in calls if "deadline" in {keyword.arg for keyword in node.keywords}]
