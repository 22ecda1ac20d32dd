"""Which policies earn their keep."""

import pytest
from alerts_of_a_month import DAY, HOUR, alert, closed
from builders import load_rules

from casbd.policies.coverage import coverage, standing
from casbd.reports.scorecard import Precision, scorecard

RULES = {
    "noisy": {"tags": ["attack.t1528"]},
    "other": {"tags": ["attack.t1528", "attack.t1526"]},
    "off": {"enabled": False},
    "elsewhere": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1539"]},
}
WEEKS = 70 * DAY


@pytest.fixture
def scored(tmp_path):
    def scored(*alerts):
        standings = [standing(policy, {"m365"}, []) for policy in load_rules(tmp_path, RULES)]
        return {one.standing.policy.id: one for one in scorecard(alerts, coverage(standings), standings, WEEKS)}

    return scored


def several(number, resolution, **fields):
    return [closed(resolution, **fields) for _ in range(number)]


@pytest.mark.parametrize(
    ("alerts", "verdict", "why"),
    [
        ([alert()], "no data", "nobody has judged its one alert"),
        ([alert() for _ in range(600)], "no data", "nobody has judged its 600 alerts, 60 a week"),
        (several(1, "true_positive"), "keep", "1 of 1 that were judged was real (between 21% and 100% are)"),
        (several(3, "false_positive"), "keep", "0 of 3 that were judged were real (between 0% and 56% are)"),
        (several(4, "false_positive"), "tune", "0 of 4 that were judged were real, so at most 49% are"),
        (several(35, "benign"), "retire", "0 of 35 that were judged were real, and others watch what it watches"),
        ([*several(1, "true_positive"), *several(60, "false_positive")], "tune", "1 of 61 that were judged was real, so at most 9% are"),
        (several(600, "true_positive"), "tune", "60 alerts a week, of which 600 of 600 that were judged were real"),
        (several(20, "true_positive"), "keep", "20 of 20 that were judged were real"),
    ],
)
def test_a_verdict_goes_by_what_the_numbers_prove(scored, alerts, verdict, why):
    noisy = scored(*alerts)["noisy"]
    assert (noisy.verdict, noisy.why) == (verdict, why)


def test_what_nothing_else_watches_is_not_retired(scored):
    other = scored(*several(40, "false_positive", policy_id="other"))["other"]
    assert other.alone == ("T1526",)
    assert (other.verdict, other.why) == ("tune", "0 of 40 that were judged were real, but nothing else watches T1526")


def test_numbers(scored):
    scores = scored(
        *several(2, "true_positive", hours=3), closed("benign", hours=9), alert(at=5 * HOUR), closed("benign", policy_id="other")
    )
    noisy = scores["noisy"]
    assert (noisy.alerts, noisy.open, noisy.true_positive, noisy.benign, noisy.false_positive) == (4, 1, 2, 1, 0)
    assert (noisy.per_week, noisy.share, noisy.hours_to_close) == (0.4, 0.8, 3.0)
    assert noisy.precision is not None
    assert noisy.precision.share == 0.667


def test_policies_that_are_off_or_have_no_records(scored):
    scores = scored()
    assert "off" not in scores
    assert (scores["elsewhere"].verdict, scores["elsewhere"].why) == ("no data", "it needs records of okta")
    assert (scores["noisy"].verdict, scores["noisy"].why) == ("no data", "no alert")
    assert scored(alert(policy_id="off"))["off"].alerts == 1


def test_few_alerts_prove_little():
    assert Precision.of(1, 1) == (1.0, 0.207, 1.0)
    assert Precision.of(81, 263) == (
        0.308,
        0.255,
        0.366,
    )  # Wilson's interval by https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval
