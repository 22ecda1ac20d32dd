"""What must not end, block or burn the daemon: outputs that go, pauses, worker processes, broken files, a stop in the middle."""

import os
import time
from pathlib import Path

import m365_records
from running import DOWNLOADS, free_port, wait_until

START = m365_records.START


def downloads(number, seed=0):
    """Records of which each raises an alert."""
    return [m365_records.download(m365_records.USERS[n % 5], START + n * 1000, seed=seed + n) for n in range(number)]


def cpu(daemon):
    """Seconds of its processor time so far."""
    user, system = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_reading_pauses_without_burning_and_goes_on_without_the_dead_output(site):
    siem = {"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": free_port(), "transport": "tcp"}
    site.configure(outputs=[siem, {"name": "file", "type": "file", "path": str(site.alerts_file)}], outbox={"max_size": "10KB"})
    daemon = site.start()
    site.write("log", downloads(100))
    wait_until(lambda: site.status()["paused"] == "siem", tell=site.log)
    before = site.records()
    site.write("log", downloads(50, seed=1000))
    begun, wall = cpu(daemon), time.monotonic()
    time.sleep(2)
    assert (cpu(daemon) - begun) / (time.monotonic() - wall) < 0.5
    assert site.records() == before

    site.configure(outbox={"max_size": "10KB"})
    site.wait_for_records(150)
    outputs = {output["name"]: output for output in site.status()["outputs"]}
    assert not outputs["siem"]["configured"]
    assert outputs["siem"]["pending"]
    wait_until(lambda: len(site.delivered()) == 150, tell=site.log)
    assert daemon.terminate() == 0


def test_a_broken_rule_does_not_reach_worker_processes(site):
    site.configure(workers=2)
    daemon = site.start()
    site.rule("broken", "name: Broken\nfilters: {activity_tipe: {eq: Log on}}\n")
    wait_until(lambda: (site.status()["reload"] or {"ok": True})["ok"] is False, tell=site.log)
    site.write("log", downloads(20))
    site.wait_for_records(20)
    assert daemon.terminate() == 0


def test_a_new_directory_with_a_mistake_is_loaded_when_it_is_mended(site):
    site.start()
    more = site.directory / "more"
    more.mkdir()
    (more / "second.yaml").write_text("name: Second\nfilters: {activity_tipe: {eq: Log on}}\n")
    site.configure(rules=["rules", "more"])
    wait_until(lambda: (site.status()["reload"] or {"ok": True})["ok"] is False, tell=site.log)
    (more / "second.yaml").write_text(DOWNLOADS)
    wait_until(lambda: site.status()["reload"]["ok"], within=10, tell=site.log)
    assert site.status()["reload"]["added"] == ["second"]


def test_what_was_read_is_delivered_before_it_stops(site):
    daemon = site.start()
    site.write("log", downloads(200))
    site.wait_for_records(1)
    assert daemon.terminate() == 0
    alerts = len(site.listed("alerts", "list"))
    assert len(site.delivered()) == alerts > 0


def test_commands_work_with_a_broken_configuration(site):
    site.write("log", downloads(3))
    site.once()
    site.configure(outputz=[])
    assert len(site.listed("alerts", "list")) == 3
    assert site.status()["inputs"][0]["records"] == 3
    assert site.run("check").code == 1
