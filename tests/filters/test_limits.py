"""No rule file takes long, and no text keeps an expression busy: what is too much is told with its place."""

from time import thread_time

import pytest

from casbd.clock import now
from casbd.errors import Mistakes
from casbd.filters.compile import compile_filter
from casbd.filters.limits import MOST_INSTRUCTIONS, too_large
from casbd.filters.operators import OPERATORS
from casbd.filters.tree import AllOf, AnyOf, Condition
from casbd.filters.values import FilterError, check, instructions, regular_expression
from casbd.model.activity import Activity, ActivityObject
from casbd.policies.loading import load_file
from casbd.records.regular_expressions import MOST_TEXT, MOST_WORK, looks_at, size

SIGMA = "title: t\nlogsource: {product: m365}\nlevel: high\ndetection:\n"


def selections(number, condition):
    some = "".join(f"  s{i}: {{Operation: x{i}}}\n" for i in range(number))
    return f"{SIGMA}{some}  condition: {condition}"


def own(filters):
    return f"name: a\nfilters: {filters}"


def values(text, number):
    """So many, each with its number for the `#`."""
    return "[" + ", ".join(text.replace("#", str(i)) for i in range(number)) + "]"


def selection(key, listed, condition="s"):
    return f"{SIGMA}  s: {{{key}: {listed}}}\n  condition: {condition}"


def matching(listed):
    return own("{user: {matches: " + listed + "}}")


BOMBS = {
    "many quantifiers": selections(300, " and ".join(["1 of s*"] * 300)),
    "many conditions": selections(300, str(["all of them"] * 300)),
    "72 KB": selections(1800, " or ".join(["1 of s*"] * 1000)),
    "a long condition": selections(1, " or ".join(["s0"] * 140_000)),
    "a large selection again and again": selection("Operation", values("x#", 1000), " or ".join(["s"] * 1000)),
    "modifiers": selection("Operation|base64offset|contains", values("x#", 9000)),
    "globs": selection("Operation", values("'*a*b#*'", 3000)),
    "conditions": own("{any_of: " + values("{user: {substring: x#}}", 11_000) + "}"),
    "values": own("{user: {substring: " + values("x#", 101_000) + "}}"),
    "large expressions": matching(values("'x[a-z]{900}#'", 3000)),
    "refused expressions": matching(values("'(x{1000}){1000}#'", 3000)),
    "many expressions": matching(values("x#", 90_000)),
    "conditions on elements": own("{raw.x: {element: {any_of: " + values("{a: {element: {b: {substring: x#}}}}", 5100) + "}}}"),
    "expressions on elements": own("{raw.x: {element: {a: {matches: " + values("'x[a-z]{900}#'", 3000) + "}}}}"),
    "expressions on many elements": own("{any_of: " + values("{raw.x: {element: {a: {matches: ['x.{900}#', 'y.{900}#']}}}}", 9000) + "}"),
    "steps": "name: a\nmatch: {within: 5m, sequence: " + values("{user: {matches: 'x[a-z]{400}#'}}", 10) + "}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_told_before_it_goes_off(tmp_path, text):
    begun = thread_time()
    with pytest.raises(Mistakes) as caught:
        load_file(tmp_path / "bomb.yml", text=text)
    assert thread_time() - begun < 10  # the rule of 72 KB took 133
    assert all(mistake.line for mistake in caught.value.mistakes)


@pytest.mark.parametrize(
    "text",
    [
        selections(200, "1 of s* and not (s1 or s2 or all of s*)"),
        selection("Operation|contains", values("x#", 5000)),
        own("{user: {eq: " + values("x#", 50_000) + "}}"),
        own("{any_of: " + values("{user: {matches: a.*#}}", 500) + "}"),
        own("{user: {matches: '[\\w.+-]{1,64}@[\\w-]{1,63}\\.[a-z]{2,10}'}}"),
        own("{user: {matches: '.{300}'}}"),
    ],
)
def test_what_people_write_is_no_bomb(tmp_path, text):
    assert load_file(tmp_path / "rule.yml", text=text)


def test_all_rules_of_a_file_together_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("casbd.policies.sigma.rules.MOST_SECONDS", -1)
    with pytest.raises(Mistakes, match="the rules above take more than"):
        load_file(tmp_path / "rules.yml", text=selections(1, "s0"))


def test_what_is_used_several_times_counts_each_time():
    one = AnyOf((Condition("user", "eq", tuple(map(str, range(1000)))),))
    assert too_large(AllOf((one,) * 90)) == ""
    assert "values" in too_large(AllOf((one,) * 110))
    twice = one
    for _ in range(60):
        twice = AllOf((twice, twice))
    assert "values" in too_large(twice)


def test_the_size_of_an_expression_is_bounded():
    operator = OPERATORS["matches"]
    assert check("user", "text", operator, "x[xy]{1000}z")
    with pytest.raises(FilterError, match="RE2 makes 3,0"):
        check("user", "text", operator, "x[xy]{1000}[ab]{1000}[cd]{1000}z")
    assert instructions("a") < 10 < MOST_INSTRUCTIONS


class TestTexts:
    """What an expression looks at."""

    @pytest.fixture
    def holds(self):
        def holds(field, pattern, activity, path=()):
            return compile_filter(Condition(field, "matches", (pattern,), path=path), now=now)(activity)

        return holds

    @pytest.mark.parametrize(("before", "found"), [(MOST_TEXT - 1, True), (MOST_TEXT, False)])
    def test_the_first_characters(self, holds, before, found):
        assert holds("result_detail", "n", Activity(result_detail="é" * before + "n" + "é" * 9)) is found

    def test_a_large_expression_is_shown_fewer(self, holds):
        pattern = "[a-z]{1000}[a-z]{1000}é|needle"
        expression = regular_expression(pattern)
        shown = looks_at(expression)
        assert shown == MOST_WORK // size(expression) < MOST_TEXT / 2
        assert holds("result_detail", pattern, Activity(result_detail="é" * (shown - 6) + "needle"))
        assert not holds("result_detail", pattern, Activity(result_detail="é" * (shown - 5) + "needle"))

    def test_of_all_values_together(self, holds):
        half = "x" * (MOST_TEXT // 2)
        some = tuple(ActivityObject(name=text) for text in (half, half, "needle"))
        assert not holds("objects", "needle", Activity(objects=some))
        assert holds("objects", "needle", Activity(objects=some[1:]))
        assert not holds("user_groups", "needle", Activity(user_groups=(half, half, "needle")))
        assert not holds("user_groups", "needle", Activity(user_groups=(half, f"{half}needle")))

    def test_the_worst_record_does_not_take_long(self, holds):
        hostile = "xyxxyyxyxyyx" * 1_600_000  # 19 MB took 31 s
        begun = thread_time()
        assert not holds("raw", "x[xy]{200}z", Activity(raw=hostile))
        assert not holds("objects", "x[xy]{1000}z", Activity(objects=(ActivityObject(name=hostile[:9999]),) * 900))
        assert thread_time() - begun < 5

    def test_other_operators_look_at_everything(self):
        activity = Activity(result_detail="x" * MOST_TEXT * 3 + " needle")
        for operator in ("contains", "substring", "endswith"):
            assert compile_filter(Condition("result_detail", operator, ("needle",)), now=now)(activity)
