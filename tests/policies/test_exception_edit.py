"""Adding to a file of exceptions."""

import pytest

from casbd.errors import CasbdError, Mistakes
from casbd.policies.exception_edit import add
from casbd.policies.exceptions import read_exemptions

HOSTILE = 'x": {}\n#\\ \u2028\x1b[31m\U0001f600'
ELEMENT = {
    "policy_id": "one",
    "filters": {"user": {"eq": HOSTILE}, "country": {"eq": "NO"}},
    "reason": 'it is: "us"',
    "expires": "2027-01-31",
}


@pytest.fixture
def like(tmp_path):
    (tmp_path / "one.yaml").write_text("name: One\nfilters: {app: {eq: Box}}\n")
    return tmp_path / "one.yaml"


@pytest.mark.parametrize(
    "before",
    [
        None,
        "exceptions: []\n",
        "# ours\nexceptions: # all\n- policy: two # that\n  filters: {app: {eq: Box}}\n  reason: why\n  expires: never\n",
        "exceptions:\n    - policy: two\n      filters: {app: {eq: Box}}\n      reason: why\n      expires: never",
        "exceptions:\r\n  - policy: two\r\n    filters: {app: {eq: Box}}\r\n    reason: why\r\n    expires: never\r\n",
    ],
)
def test_adding(tmp_path, like, before):
    path = tmp_path / "exceptions.yaml"
    if before is not None:
        path.write_bytes(before.encode())
    add(path, [ELEMENT, ELEMENT], like)
    known = read_exemptions(path)
    assert [one.policies for one in known] == ([("two",)] if before and "two" in before else []) + [("one",)] * 2
    assert known[-1].filters.nodes[0].values == (HOSTILE,)
    assert known[-1].reason == 'it is: "us"'
    text = path.read_bytes().decode()
    assert all(part in text for part in ("# ours", "# all", "# that") if before and part in before)
    assert ("\r\n" in text) == bool(before and "\r" in before)
    assert path.stat().st_mode == like.stat().st_mode


@pytest.mark.parametrize(
    "before", ["exceptions: [{policy: two, filters: {app: {eq: Box}}, reason: why, expires: never}]\n", "exceptions: # x\n  []\n"]
)
def test_what_cannot_be_added_to_stays(tmp_path, like, before):
    path = tmp_path / "exceptions.yaml"
    path.write_text(before)
    with pytest.raises(CasbdError, match="by hand"):
        add(path, [ELEMENT], like)
    assert path.read_text() == before


def test_a_file_with_mistakes(tmp_path, like):
    (tmp_path / "exceptions.yaml").write_text("exceptions:\n  - {policy: two}\n")
    with pytest.raises(Mistakes):
        add(tmp_path / "exceptions.yaml", [ELEMENT], like)
