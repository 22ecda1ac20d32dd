"""casbd under a service manager: notifications, signals, reloads, refusals, and what `status` tells of it all."""

import json
import threading
import time
import urllib.request
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import m365_records
from running import DOWNLOADS, FAILED_LOG_ONS, free_port, wait_until

from casbd.records import picking
from casbd.store.log import packing

LINES = m365_records.lines(50)
USER = m365_records.USERS[0]
BROKEN = "name: Broken\nfilters: {activity_tipe: {eq: Log on}}\n"


def failures(number, *, minute=0, seed=0):
    """Log ons of one user that fail, seconds apart."""
    moment = m365_records.START + minute * m365_records.MINUTE
    return [line for _, line in m365_records.failed_log_ons(USER, moment, number=number, seed=seed)]


def messages(daemon):
    """All that it has told its service manager."""
    with suppress(TimeoutError):
        daemon.notifications.wait_for("no such line", within=0.1)
    return daemon.notifications.seen


def reload_of(site):
    """What the last reload came to; None where there was none."""
    return site.status()["reload"]


def test_notifications(site):
    daemon = site.start(WATCHDOG_USEC="400000")
    daemon.notifications.wait_for("WATCHDOG=1", times=3)
    daemon.hang_up()
    daemon.notifications.wait_for("RELOADING=1")
    daemon.notifications.wait_for("READY=1", times=2)
    assert any("MONOTONIC_USEC=" in message for message in daemon.notifications.seen if "RELOADING=1" in message)
    daemon.process.terminate()
    daemon.notifications.wait_for("STOPPING=1")
    assert daemon.process.wait(30) == 0
    (runs,) = (entry for line in site.log().splitlines() if (entry := json.loads(line))["message"] == "casbd runs")
    assert runs["compiled"] is (picking.COMPILED and packing.COMPILED), "who installed without a compiler would not know why it is slow"


def test_the_watchdog_is_fed_while_a_backlog_is_read(site):
    site.write("backlog", m365_records.lines(5000, seed=3))
    daemon = site.start(WATCHDOG_USEC="200000")
    daemon.notifications.wait_for("WATCHDOG=1", times=5)
    site.wait_for_records(5000)


def test_a_good_reload_and_a_broken_one(site):
    daemon = site.start()
    site.rule("log-ons", "name: Log ons\nfilters: {activity_type: {eq: Log on}}\n")
    daemon.hang_up()
    wait_until(lambda: (reload_of(site) or {}).get("ok"), tell=site.log)
    assert '"added": ["log-ons"]' in site.log()

    site.rule("log-ons", BROKEN)
    daemon.hang_up()
    wait_until(lambda: not reload_of(site)["ok"], tell=site.log)
    [mistake] = reload_of(site)["mistakes"]
    assert "log-ons.yaml:2:" in mistake
    assert "activity_type" in mistake  # what was meant
    site.write("log", LINES)
    site.wait_for_records(len(LINES))
    log_ons = sum(b'"UserLoggedIn"' in line for line in LINES)
    wait_until(lambda: sum(alert["policy_id"] == "log-ons" for alert in site.listed("alerts", "list")) == log_ons)  # the last good set
    assert daemon.terminate() == 0


def test_a_configuration_that_is_being_written_is_not_taken(site):
    daemon = site.start()
    text = site.configuration.read_text()
    site.configuration.write_text("")
    wait_until(lambda: "the file is empty" in site.log())
    site.configuration.write_text(text)
    wait_until(lambda: reload_of(site)["ok"], tell=site.log)
    site.write("log", LINES)
    site.wait_for_records(len(LINES))
    assert daemon.terminate() == 0


def test_a_flood_is_cut_by_user_and_told(site):
    site.configure(limits={"policy_matches": 20})
    site.rule("noisy", "name: Noisy\nfilters: {app: {isset: true}}\n")
    daemon = site.start()
    site.write("log", failures(30))
    site.wait_for_records(30)
    raised = site.listed("alerts", "list")
    told = [alert["title"] for alert in raised if alert["policy_id"] == "casbd.policy_flood"]
    assert len(told) == 1
    assert "Noisy" in told[0]
    assert sum(alert["policy_id"] == "noisy" for alert in raised) == 20
    assert daemon.terminate() == 0


def test_a_changed_rule_is_loaded_by_itself(site):
    daemon = site.start()
    time.sleep(0.1)
    begun = time.monotonic()
    site.rule("log-ons", "name: Log ons\nfilters: {activity_type: {eq: Log on}}\n")
    daemon.notifications.wait_for("RELOADING=1", within=10)
    assert time.monotonic() - begun < 4  # it looks every second
    daemon.notifications.wait_for("READY=1", times=2)
    assert '"added": ["log-ons"]' in site.log()


def test_windows_survive_a_reload_and_a_restart(site):
    lines = failures(10)
    daemon = site.start()
    site.write("log", lines[:4])
    site.wait_for_records(4)
    site.rule("failed-log-ons", FAILED_LOG_ONS.replace("severity: medium", "severity: high"))
    daemon.hang_up()
    daemon.notifications.wait_for("READY=1", times=2)
    site.write("log", lines[4:8])
    site.wait_for_records(8)
    assert daemon.terminate() == 0
    daemon = site.start()
    assert not site.alerts()
    site.write("log", lines[8:])
    wait_until(lambda: len(site.delivered()) == 1)
    [alert] = site.listed("alerts", "list")
    assert (alert["activity_count"], alert["severity"], alert["user"]) == (10, "high", USER)


def test_a_second_daemon_is_refused(site):
    site.start()
    for arguments in (["run"], ["run", "--once"]):
        second = site.run(*arguments, within=60)
        assert second.code == 75
        assert "another casbd runs" in second.err
        assert "Traceback" not in second.err


def test_a_broken_configuration_is_refused(site):
    site.configure(imputs=[], workers=0)
    finished = site.run("run", within=60)
    assert finished.code == 78
    assert "imputs" in finished.err
    assert "workers" in finished.err
    assert "Traceback" not in finished.err
    site.configure()
    site.rule("broken", BROKEN)
    assert site.run("run", within=60).code == 78
    assert site.run("check", within=60).code == 1


def test_a_missing_input_is_a_problem_until_it_is_there(site):
    directory = site.directory / "later"
    site.configure(inputs=[{"name": "m365", "path": f"{directory}/*", "format": "m365"}])
    site.start()
    wait_until(lambda: site.status()["inputs"][0]["problem"])
    directory.mkdir()
    (directory / "log").write_bytes(b"".join(line + b"\n" for line in LINES))
    site.wait_for_records(len(LINES))
    wait_until(lambda: site.status()["inputs"][0]["problem"] is None)


def test_silence_raises_an_alert(site):
    site.configure(inputs=[{"name": "m365", "path": f"{site.inputs}/*", "format": "m365", "silence": "1s"}])
    site.write("log", failures(1))
    site.start()
    wait_until(lambda: site.delivered(), within=60)
    [alert] = site.listed("alerts", "list")
    assert (alert["policy_type"], alert["policy_id"]) == ("system", "casbd.input_silent")
    assert "m365" in alert["title"]


def test_metrics(site):
    port = free_port()
    site.configure(metrics={"port": port})
    site.start()
    site.write("log", LINES)
    site.wait_for_records(len(LINES))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert f'casbd_input_records_total{{input="m365"}} {len(LINES)}.0' in text
    assert "casbd_outbox_pending" in text
    assert "casbd_store_bytes" in text


def test_a_full_outbox_pauses_reading(site):
    site.rule("everything", "name: Everything\nfilters: {timestamp: {isset: true}}\n")
    siem = {"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": free_port(), "transport": "tcp"}
    site.configure(outputs=[siem], outbox={"max_size": "20KB"})
    daemon = site.start()
    site.write("log", LINES)
    site.wait_for_records(len(LINES))
    wait_until(lambda: site.status()["paused"] == "siem", within=30)
    site.write("log", failures(5))
    time.sleep(2)
    assert site.records() == len(LINES)
    daemon.hang_up()  # it still listens

    site.configure(outputs=[{"name": "siem", "type": "file", "path": str(site.alerts_file)}])
    site.wait_for_records(len(LINES) + 5)
    wait_until(lambda: len(site.delivered()) == len(site.alerts()) >= len(LINES) + 5)
    wait_until(lambda: site.status()["paused"] is None)
    assert daemon.terminate() == 0


def test_nothing_of_a_record_is_in_the_log(site):
    """Audit records are personal data, and their text may be an attacker's."""
    site.rule("downloads", DOWNLOADS)
    daemon = site.start()
    site.write("log", [*LINES, b"{" + USER.encode() + b"}"])
    site.wait_for_records(len(LINES))
    assert daemon.terminate() == 0
    for line in site.log().splitlines():
        assert set(json.loads(line)) >= {"time", "level", "message"}
    assert m365_records.DOMAIN not in site.log()


def test_a_hang_up_while_it_starts_is_no_end(site):
    """From the moment that it is more than an interpreter."""
    daemon = site.launch()
    maps = Path(f"/proc/{daemon.process.pid}/maps")
    wait_until(lambda: "msgspec" in maps.read_text(), tell=site.log)
    while not any("READY=1" in message for message in daemon.notifications.seen):
        daemon.hang_up()
        with suppress(TimeoutError):
            daemon.notifications.wait_for("READY=1", within=0.02)
        assert daemon.process.poll() is None, site.log()
    daemon.notifications.wait_for("RELOADING=1")
    daemon.notifications.wait_for("READY=1", times=2)
    assert daemon.terminate() == 0


def test_a_storm_of_changes_and_hang_ups_does_not_keep_it_from_reading(site):
    daemon = site.start()
    done = threading.Event()

    def storm():
        number = 0
        while not done.wait(0.05):
            number += 1
            site.rule("downloads", f"{DOWNLOADS}description: {number}\n")
            daemon.hang_up()

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        for number in range(20):
            site.write("log", m365_records.lines(100, seed=number))
            site.wait_for_records(100 * (number + 1))
    finally:
        done.set()
        thread.join()
    told = [message for message in messages(daemon) if "RELOADING=1" in message]
    assert daemon.terminate() == 0
    seconds = [float(message.partition("MONOTONIC_USEC=")[2].split()[0]) / 1e6 for message in told]
    assert all(later - earlier >= 1 for earlier, later in pairwise(seconds))


def test_a_watchdog_time_that_is_none_is_told(site):
    daemon = site.start(WATCHDOG_USEC="soon")
    assert "WATCHDOG_USEC is no number" in site.log()
    assert daemon.terminate() == 0
