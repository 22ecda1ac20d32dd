"""What people change while the daemon runs: it takes it up, leaves it alone, and tells it."""

import json

import m365_records
from running import DOWNLOADS, FAILED_LOG_ONS, wait_until

from casbd import __version__

USER = m365_records.USERS[0]
LINES = [line for _, line in m365_records.failed_log_ons(USER, m365_records.START, number=15, seed=0)]


def test_commands_beside_a_running_daemon(make_site):
    site = make_site(rules={"failed-log-ons": FAILED_LOG_ONS}, enrichment={"ip_ranges": "ranges.yaml"})
    (site.directory / "ranges.yaml").write_text("ranges: []\n")
    daemon = site.start()
    site.write("log", LINES[:10])
    wait_until(lambda: site.listed("alerts", "list"), tell=site.log)
    [alert] = site.listed("alerts", "list")

    [closed] = site.listed("alerts", "close", alert["alert_id"][:12], "--as", "benign", "--comment", "known")
    assert (closed["status"], closed["activity_count"]) == ("closed", 10)
    assert site.run("ips", "tag", "0.0.0.0/0", "--category", "Risky", "--name", "all").code == 0

    def noted(action):
        return [entry["detail"] for entry in site.listed("audit", "list", "--action", action)]

    wait_until(lambda: noted("reload"), tell=site.log)
    site.write("log", LINES[10:])
    site.wait_for_records(15)
    [grown] = site.listed("alerts", "list", "--status", "closed")
    assert grown["evidence"].startswith("15 failed log ons")
    grows = ("last_activity", "activity_ids", "evidence")
    assert grown == closed | {"activity_count": 15} | {name: grown[name] for name in grows}
    assert {one["ip_category"] for one in site.listed("activities", "search", "--limit", "5")} == {"Risky"}

    assert site.run("policies", "disable", "failed-log-ons").code == 0
    wait_until(lambda: {"policies_changed": ["failed-log-ons"]} in noted("reload"), tell=site.log)
    site.rule("broken", "name: 1\n")
    wait_until(lambda: noted("reload refused"), tell=site.log)
    assert daemon.terminate() == 0

    trail = site.listed("audit", "list")
    assert [entry["action"] for entry in trail if entry["who"] != "casbd"] == ["alerts close", "ips tag", "policies disable"]
    assert [entry["action"] for entry in trail if entry["who"] == "casbd"] == ["start", "reload", "reload", "reload refused"]
    assert noted("start") == [{"version": __version__, "policies": 1}]
    assert noted("reload")[0] == {"files": [str(site.directory / "ranges.yaml")]}
    assert noted("reload refused")[0]["mistakes"] >= 1


SIGMA = """title: Rules of others
logsource: {product: m365, service: audit}
detection: {s: {Operation: UserLoginFailed}, condition: s}
"""


def test_a_sigma_rule_that_breaks_is_told_and_the_others_go_on(make_site):
    site = make_site(rules={"failed-log-ons": FAILED_LOG_ONS, "sigma": SIGMA, "bad": SIGMA + "level: severe\n"}, workers=2)
    daemon = site.start()
    [warning] = site.status()["warnings"]
    assert "bad.yaml:4:8" in warning

    site.rule("sigma", SIGMA.replace("condition: s", "condition: t"))
    site.rule("downloads", DOWNLOADS)
    wait_until(lambda: len(site.listed("alerts", "list")) == 1, tell=site.log)
    [told] = site.listed("alerts", "list")
    assert (told["policy_type"], told["title"]) == ("system", "Policy sigma does not work any more")
    assert "sigma.yaml:3:" in told["description"]

    site.write("log", LINES[:10])
    wait_until(lambda: len(site.listed("alerts", "list")) == 2, tell=site.log)
    assert site.status()["reload"]["ok"]
    assert daemon.terminate() == 0

    site.start()
    assert len(site.listed("alerts", "list")) == 2
    logged = [json.loads(line) for line in site.log().splitlines()]
    assert {line["level"] for line in logged if "sigma.yaml" in line["message"]} == {"ERROR"}
