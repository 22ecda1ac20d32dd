"""Every mistake of every file at once. One folder of `cases/` is one case; `expected.txt` in it is what is told.

After a change on purpose: CASBD_ACCEPT=1 pytest tests/policies/test_mistakes.py, then read the difference.
"""

import os
from pathlib import Path

import pytest

from casbd.errors import Mistakes
from casbd.model.governance import ACTIONS
from casbd.policies.loading import load

CASES = sorted((Path(__file__).parent / "cases").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_mistakes_are_told_with_their_places(case):
    with pytest.raises(Mistakes) as caught:
        load([case], connectors={"entra": ACTIONS, "exchange": ["notify_user"]})
    told = str(caught.value).replace(f"{case}/", "") + "\n"
    expected = case / "expected.txt"
    if os.environ.get("CASBD_ACCEPT"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(Mistakes, match="is no directory"):
        load([tmp_path / "rules"])


def test_all_mistakes_of_all_directories(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yaml").write_text("name: x\nfilters: {usr: {eq: a}, cty: {eq: b}}\n")
    with pytest.raises(Mistakes) as caught:
        load([tmp_path / "one", tmp_path / "two"])
    assert [Path(found.file).name for found in caught.value.mistakes] == ["one.yaml", "one.yaml", "two.yaml", "two.yaml"]
    assert {(found.line, found.column) for found in caught.value.mistakes} == {(2, 11), (2, 25)}
