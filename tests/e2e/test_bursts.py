"""Bursts among records that come up to an hour late are found, each once, with any number of workers."""

import os

import m365_records
import pytest

RECORDS = int(os.environ.get("CASBD_E2E_RECORDS", "20000"))
"""200,000 in the long run."""
BURSTS = 40
RULES = {
    "failed-log-ons": "name: Failed log ons\nfilters: {activity_type: {eq: Failed log on}}\nmatch: {repeated: 25, within: 1m, by: user}\n"
}


@pytest.fixture(scope="module")
def lines():
    stream = m365_records.stream(RECORDS)
    for number in range(BURSTS):
        moment = stream[len(stream) // BURSTS * number // 2][0]
        stream += m365_records.failed_log_ons(m365_records.USERS[number], moment, number=30, seed=number)
    return m365_records.arrive_late(sorted(stream))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_burst_is_one_alert(make_site, lines, workers):
    site = make_site(rules=RULES, workers=workers)
    site.write("audit.ndjson", lines)
    site.once()
    alerts = [alert for alert in site.listed("alerts", "list") if alert["merged_into"] is None]
    assert sorted(alert["user"] for alert in alerts) == sorted(m365_records.USERS[:BURSTS])
    assert all(alert["activity_count"] >= 30 for alert in alerts)
    assert site.counts()["records"] == len(lines)
    assert len(site.delivered()) == len(set(site.delivered())) == len(site.alerts())
