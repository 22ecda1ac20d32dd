"""Mistakes in the keys of `match:`, where there are several kinds of it."""

import pytest

from casbd.errors import Mistakes
from casbd.policies.loading import load_file

WRONG = {
    "repeated: 10, within: 5m, any_order: 0": [(2, 8, "`match`: `any_order` goes with `sequence`")],
    "sequence: [{user: {eq: a}}, {user: {eq: b}}], within: 5m, unique: false": [(2, 8, "`match`: `unique` goes with `repeated`")],
    "repeated: 1, sequence: [{actvity: {eq: 1}}], within: 5": [
        (2, 8, "`match`: either `repeated: 10` or `sequence: [{...}, {...}]`, not both"),
        (2, 34, "unknown field `actvity`"),
        (2, 62, "`match.within`: `5` is no duration (a whole number and s, m, h or d, such as 5m)"),
    ],
    "repeated: 10, within: 5m, sequence: false": [
        (2, 8, "`match`: either `repeated: 10` or `sequence: [{...}, {...}]`, not both"),
        (2, 45, "`match.sequence`: should be a list"),
    ],
}


def rule(path, match):
    path.write_text(f"{{name: x, filters: {{user: {{eq: a}}}},\nmatch: {{{match}}}}}\n")
    return path


@pytest.mark.parametrize(("match", "expected"), WRONG.items(), ids=WRONG)
def test_each_mistake_is_said_at_once(tmp_path, match, expected):
    with pytest.raises(Mistakes) as raised:
        load_file(rule(tmp_path / "x.yaml", match))
    assert [(one.line, one.column, one.message) for one in sorted(raised.value.mistakes, key=lambda one: one.column)] == expected


@pytest.mark.parametrize("match", ["repeated: 10, within: 5m, any_order: false", "repeated: 10, within: 5m, sequence: null"])
def test_another_kinds_key_with_what_stands_for_it_anyway_says_nothing(tmp_path, match):
    assert load_file(rule(tmp_path / "x.yaml", match)).match.kind == "repeated"
