"""Months of history that are read one export after another give the alerts of then, delivered with the others."""

import time

import pytest
from builders import HOUR, record

DAY = 24 * HOUR
RULES = {"dormant": "name: Dormant\nfilters: {activity_type: {eq: Failed log on}}\nmatch: {dormant: 45d}\n"}
JANUARY, MARCH = (0, DAY, 2 * DAY), (60 * DAY, 60 * DAY + HOUR)


def lines(user, times):
    return [record(at=at, UserId=user, Id=f"{user} {at}") for at in times]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("one_run", [True, False])
def test_an_older_export_is_read_after_a_newer_one(make_site, workers, one_run):
    site = make_site(rules=RULES, workers=workers)
    site.write("1-march", lines("eva@contoso.com", MARCH) + lines("bert@contoso.com", MARCH))
    if not one_run:
        site.once()
    site.write("2-january", lines("eva@contoso.com", JANUARY))
    site.once()
    (alert,) = site.listed("alerts", "list")
    assert (alert["user"], alert["activity_count"], alert["tags"]) == ("eva@contoso.com", 2, ["history"])
    assert len(site.delivered()) == 1
    site.once()
    assert len(site.delivered()) == 1
    assert site.status()["late"] is None


def test_a_daemon_that_is_killed_meanwhile_tells_each_once(make_site):
    site = make_site(rules=RULES)
    daemon = site.start()
    site.write("1-march", [line for number in range(300) for line in lines(f"u{number}@contoso.com", MARCH)])
    site.wait_for_records(600)
    site.write("2-january", [line for number in range(300) for line in lines(f"u{number}@contoso.com", JANUARY)])
    site.wait_for_records(1500)
    for _ in range(20):
        daemon.kill()
        daemon = site.start()
        if site.listed("alerts", "list"):
            break
        until(lambda: site.status()["learning"] or site.listed("alerts", "list"))
    daemon.kill()
    site.once()
    assert len(site.listed("alerts", "list")) == 300
    assert [one["delivered"] for one in site.status()["outputs"]] == [300]  # the file may have some twice: what was in doubt
    assert {*site.delivered()} == {alert["alert_id"] for alert in site.listed("alerts", "list")}


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
