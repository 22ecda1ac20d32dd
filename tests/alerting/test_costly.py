"""What operators read of policies that cost too much."""

from builders import HOUR, NOON, load_rules

from casbd.alerting import costly
from casbd.model.costly import Costly

COST = Costly("slow", 0.1744, 1, 100_282, NOON, "/spool/a.json, byte 17")


def test_the_alert_about_a_policy_is_one_for_each_meaning(tmp_path):
    (policy,) = load_rules(tmp_path, {"slow": {}})
    alert = costly.set_aside(policy, "hash", COST, NOON + HOUR)
    assert (alert.title, alert.severity, alert.policy_id) == ("slow costs too much and is set aside", "high", "casbd.policy_set_aside")
    assert (alert.first_activity, alert.created) == (NOON + HOUR, NOON + HOUR)
    assert alert.description == (
        "The policies together took so long that nothing else would have been read, and this one took 0.174 s of processor time for"
        " 1 activity of 100,282 characters (/spool/a.json, byte 17), far more than any policy needs. It is set aside: it is not asked"
        " any more until its filters or what it counts are changed. Ask for less: shorter regular expressions without large repeats,"
        " fewer values, no `raw.**`. What it would have raised since the first of these activities is shown by"
        " `casbd policies backtest slow --from 2026-01-01T12:00:00.000Z`."
    )
    assert costly.set_aside(policy, "another", COST, NOON + HOUR).alert_id != alert.alert_id


def test_the_alert_about_activities_that_were_not_looked_at_is_one_an_hour():
    alert = costly.unasked("m365", 12, NOON + HOUR - 1)
    assert (alert.title, alert.severity) == ("Input m365: no policy was asked about some activities", "high")
    assert (alert.policy_id, alert.activity_count, alert.created) == ("casbd.activities_not_asked_about", 12, NOON + HOUR - 1)
    assert alert.description == (
        "Policies that cost too much left no time to ask any policy about some activities of input m365. The activities are stored."
        " Other alerts say which policies were set aside. What all others would have raised is shown by `casbd policies backtest`."
    )
    ids = [costly.unasked(name, 1, now).alert_id for name, now in [("m365", NOON), ("m365", NOON + HOUR), ("own", NOON)]]
    assert (ids[0], len({*ids})) == (alert.alert_id, 3)
