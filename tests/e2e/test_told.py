"""What a SIEM hears of one alert from its beginning to its end, over a real connection, whoever changes it and whatever is killed."""

import re

import m365_records
import pytest
from running import FAILED_LOG_ONS, Receiver, Site, free_port, wait_until


@pytest.fixture
def told(make_site):
    """A site, and its SIEM."""
    receiver = Receiver(free_port())
    site = make_site(rules={"failed": FAILED_LOG_ONS})
    siem = {"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": receiver.port, "transport": "tcp"}
    site.configure(outputs=[siem, {"name": "file", "type": "file", "path": str(site.alerts_file), "format": "json"}])
    yield site, receiver
    receiver.close()


def heard(receiver: Receiver, number: int, **more: float) -> list[tuple[str, int]]:
    """The next messages, all about one alert: what happened, and how many activities it has."""
    messages = receiver.take(number, **more)
    assert len({re.search(r"externalId=(\S+)", message)[1] for message in messages}) <= 1
    return [(re.search(r" act=(\w+)", message)[1], int(re.search(r" cnt=(\d+)", message)[1])) for message in messages]


def grow(site: Site, start: int, stop: int) -> None:
    burst = m365_records.failed_log_ons("anna@contoso.com", m365_records.START, number=60)
    site.write("log", [line for _, line in burst[start:stop]])
    site.wait_for_records(stop)


def test_from_raised_to_reopened_while_the_daemon_runs(told):
    site, receiver = told
    daemon = site.start()
    grow(site, 0, 12)
    assert heard(receiver, 1) == [("raised", 12)]
    grow(site, 12, 30)
    assert heard(receiver, 1) == [("updated", 30)]
    grow(site, 30, 35)
    (alert,) = site.listed("alerts", "list")
    assert alert["activity_count"] == 35
    assert site.run("alerts", "close", alert["alert_id"], "--as", "benign", "--comment", "a|b=c").code == 0
    (closed,) = receiver.take(1, within=10)
    assert " act=closed " in closed
    assert r" cnt=35 outcome=benign reason=a|b\=c " in closed
    assert site.run("alerts", "reopen", "--all-matching", "--yes").code == 0
    assert heard(receiver, 1, within=10) == [("reopened", 35)]
    assert daemon.terminate() == 0
    wait_until(lambda: len(site.alert_lines()) == 4)
    assert ['"event":"raised"' in line for line in site.alert_lines()] == [True, False, False, False]


def test_what_was_closed_while_casbd_and_the_siem_were_down_is_told_once_they_are_back(told):
    site, receiver = told
    receiver.close()
    daemon = site.start()
    grow(site, 0, 12)
    wait_until(lambda: site.alert_lines())
    daemon.kill()
    assert site.run("alerts", "close", "--all-matching", "--yes", "--as", "true_positive").code == 0
    again = Receiver(receiver.port)
    site.start()
    try:
        assert heard(again, 2) == [("raised", 12), ("closed", 12)]
    finally:
        again.close()


def test_a_single_run_ends_with_the_last_word(site):
    burst = [line for _, line in m365_records.failed_log_ons("anna@contoso.com", m365_records.START, number=60)]
    for start, stop in ((0, 12), (12, 15)):
        site.write("log", burst[start:stop])
        site.once()
    assert [re.search(r" act=(\w+) .* cnt=(\d+) ", line).groups() for line in site.alert_lines()] == [("raised", "12"), ("updated", "15")]
