"""What would have made a policy quieter."""

from alerts_of_a_month import DAY, MONTH, alert, closed

from casbd.pseudonyms import NONE, Pseudonyms
from casbd.reports.counted import WEEK
from casbd.reports.tuning import tuning


def advice(*alerts, shown=NONE):
    return tuning(alerts, shown, MONTH)


def test_the_user_of_most_false_alerts():
    found = advice(
        *(closed("false_positive", user="backup@contoso.com", country="NO", ip_address=f"10.0.0.{n}", at=n * DAY) for n in range(5)),
        closed("false_positive", user="b@contoso.com", country="NO"),
        closed("true_positive", user="c@contoso.com", country="NO"),
    )
    assert (found.removed, found.lost) == (5, 0)
    assert found.advice.startswith("An exception for the user backup@contoso.com would have removed 5 alerts of 6")
    assert 'filters: {user: {eq: "backup@contoso.com"}}' in found.exception
    assert "expires: 2026-05-01" in found.exception


def test_a_country_where_users_differ():
    found = advice(*(closed("benign", user=f"u{n}@contoso.com", country="NO") for n in range(4)), alert(country="DE"))
    assert "country: {eq: " in found.exception


def test_what_a_policy_is_all_about_is_no_exception():
    """It would be the end of the policy."""
    found = advice(*(closed("false_positive", user=f"u{n}@contoso.com", app="Okta", country="NO", at=n * WEEK) for n in range(6)))
    assert not found.exception
    assert found.advice.startswith("None of the 6 alerts that were judged was real")


def test_a_value_of_few_is_not_worth_an_exception():
    few = (closed("false_positive", user="a@contoso.com", at=n * WEEK) for n in range(3))
    others = (closed("false_positive", user=f"u{n}@contoso.com", at=n * WEEK) for n in range(17))
    assert advice(*few, *others, closed("true_positive", user="b@contoso.com")) is None


def test_what_would_have_hidden_a_real_one_is_said():
    found = advice(*(closed("false_positive", user="a@contoso.com") for _ in range(4)), closed("true_positive", user="a@contoso.com"))
    assert found.lost == 1
    assert "look closer" in found.advice


def test_a_value_that_hides_nothing_real_is_better_than_a_larger_one_that_does():
    found = advice(
        *(closed("false_positive", user="a@contoso.com", country="NO", app="Box") for _ in range(3)),
        closed("false_positive", user="b@contoso.com", country="NO", app="Box"),
        closed("true_positive", user="c@contoso.com", country="NO", app="Box"),
    )
    assert (found.removed, found.lost) == (3, 0)


def test_repeating_alerts():
    found = advice(*(alert(user="a@contoso.com", at=n * 1000) for n in range(9)), alert(user="b@contoso.com"))
    assert found.removed == 8
    assert found.advice == "One alert a user, app and week (alert: {each: 7d} in the rule file) would have made 2 of 10."
    assert not found.exception


def test_repeating_alerts_of_a_policy_that_counts_are_held_back():
    found = advice(*(alert(user="a@contoso.com", at=n * 1000, policy_type="repeated_activity") for n in range(9)))
    assert found.advice == "One alert a user, app and week (alert: {suppress: 7d} in the rule file) would have sent 1 of 9."


def test_what_most_have_in_common_that_nobody_has_judged():
    found = advice(*(alert(user=f"u{n}@contoso.com", ip_address="10.0.0.1") for n in range(5)))
    assert "5 of 5 that nobody has judged are of the address 10.0.0.1" in found.advice


def test_few_alerts_say_nothing():
    assert advice(closed("false_positive", user="a@contoso.com"), closed("false_positive", user="a@contoso.com", at=8 * DAY)) is None
    assert advice(*(alert(user=f"u{n}", app=f"a{n}") for n in range(9))) is None


def test_an_exception_is_yaml_whatever_the_value_is():
    from ruamel.yaml import YAML

    value = 'a"b\\c: {x}\u202e\n# @contoso.com'
    found = advice(*(closed("false_positive", user=value) for _ in range(4)))
    (one,) = YAML(typ="safe").load(found.exception)["exceptions"]
    assert one["filters"]["user"]["eq"] == 'a"b\\c: {x}  # @contoso.com'


def test_a_pseudonym_is_no_exception():
    found = advice(*(closed("false_positive", user="a@contoso.com") for _ in range(4)), shown=Pseudonyms(["user"], b"k" * 16))
    assert "contoso" not in found.advice
    assert not found.exception
