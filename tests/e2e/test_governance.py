"""What is done to accounts, by a real program that a connector runs, when exports of years are read for the first time."""

import json
import time

import pytest
from running import wait_until

from casbd.records.timestamps import iso

HOUR = 3_600_000
RULE = "name: Evil\nfilters: {action_type: {eq: Evil}}\ngovernance: [{action: suspend_user, connector: act}]\n"


def record(number, user, age=60_000):
    """One that the rule is about, so many milliseconds ago."""
    fields = {"Id": f"00000000-0000-4000-8000-{number:012d}", "CreationTime": iso(time.time_ns() // 1_000_000 - age)[:-1], "UserId": user}
    fields |= {"Operation": "Evil", "Workload": "SharePoint", "RecordType": 6, "OrganizationId": "o", "UserType": 0}
    return json.dumps(fields).encode()


def connector(site, *, up=True):
    """The program that acts, or asks for another try."""
    program = site.directory / "act"
    program.write_text(f"#!/bin/sh\n{f'cat >> {site.directory}/acted' if up else 'exit 75'}\n")
    program.chmod(0o755)
    return str(program)


def configure(site, *, up=True, **care):
    (site.directory / "groups.yaml").write_text("groups: {Board: [Chief@contoso.com]}\n")
    site.configure(
        connectors=[{"name": "act", "type": "command", "command": [connector(site, up=up)], "actions": ["suspend_user"]}],
        organization={"user_groups": "groups.yaml"},
        governance={"mode": "enforce"} | care,
    )


def acted(site):
    """On whom, so far."""
    path = site.directory / "acted"
    return [json.loads(line)["target"] for line in path.read_text().splitlines()] if path.exists() else []


def test_only_what_is_new_about_persons_who_are_not_protected(make_site):
    site = make_site(rules={"evil": RULE})
    configure(site, protected_users=["admin*@contoso.com"], protected_groups=["Board"])
    people = [("old@contoso.com", 5 * 365 * 24 * HOUR), ("late@contoso.com", 61 * 60_000), ("future@contoso.com", -24 * HOUR)]
    people += [(user, 60_000) for user in ("fresh@contoso.com", "Admin1@contoso.com", "chief@contoso.com", "SHAREPOINT\\system")]
    site.write("export.ndjson", [record(number, *person) for number, person in enumerate(people)])

    site.once()

    assert acted(site) == ["fresh@contoso.com"]
    told = {command["target"]: (command["status"], command["reason"]) for command in site.listed("governance", "list")}
    assert told.pop("fresh@contoso.com") == ("succeeded", "Evil")
    assert {status for status, _ in told.values()} == {"blocked"}
    assert "1825 days ago" in told["old@contoso.com"][1]
    assert "61 minutes ago" in told["late@contoso.com"][1]
    assert "in the future" in told["future@contoso.com"][1]
    assert "admin*@contoso.com" in told["admin1@contoso.com"][1]
    assert "the group Board" in told["chief@contoso.com"][1]
    assert "system account" in told["SHAREPOINT\\system"][1]


def test_what_is_queued_is_asked_about_again_with_the_rails_of_the_day(make_site):
    """The connector is down while an administrator protects somebody, and restarts casbd."""
    site = make_site(rules={"evil": RULE})
    configure(site, up=False)
    site.write("export.ndjson", [record(1, "chief@contoso.com"), record(2, "fresh@contoso.com")])
    site.once(code=75)
    assert {command["status"] for command in site.listed("governance", "list")} == {"queued"}

    configure(site, protected_groups=["Board"])
    site.once()

    assert acted(site) == ["fresh@contoso.com"]
    found = {one["target"]: one for one in site.listed("governance", "list")}
    assert found["fresh@contoso.com"]["status"] == "succeeded"
    chief = found["chief@contoso.com"]  # the connector was asked, before: whether it did anything nobody knows
    assert (chief["status"], "the group Board" in chief["error"], "may have been done" in chief["error"]) == ("failed", True, True)


def test_a_reload_protects_from_what_is_queued_and_from_what_comes(make_site):
    site = make_site(rules={"evil": RULE})
    configure(site, up=False)
    daemon = site.start()
    site.write("export.ndjson", [record(1, "chief@contoso.com"), record(2, "fresh@contoso.com")])
    wait_until(lambda: len(site.listed("governance", "list")) == 2, tell=site.log)

    configure(site, up=False, protected_groups=["Board"])
    daemon.hang_up()
    wait_until(lambda: (site.status()["reload"] or {}).get("ok"), tell=site.log)
    connector(site)
    site.write("export.ndjson", [record(3, "chief@contoso.com"), record(4, "fresh2@contoso.com")])
    wait_until(lambda: len(acted(site)) == 2, tell=site.log)

    assert acted(site) == ["fresh@contoso.com", "fresh2@contoso.com"]
    chief = [one for one in site.listed("governance", "list") if one["target"] == "chief@contoso.com"]
    assert ["the group Board" in (one["error"] or one["reason"]) for one in chief] == [True, True]


@pytest.mark.parametrize("change", ["dry_run", "ceiling", "rule", "connector"])
def test_a_reload_is_heard_by_what_is_queued(make_site, change):
    site = make_site(rules={"evil": RULE, "other": RULE.replace("Evil", "Other").partition("governance")[0]})
    configure(site, up=False)
    daemon = site.start()
    site.write("export.ndjson", [record(number, f"user{number}@contoso.com") for number in range(4)])
    wait_until(lambda: len(site.listed("governance", "list")) == 4, tell=site.log)

    if change == "rule":
        (site.directory / "rules" / "evil.yaml").unlink()
    elif change == "connector":
        (site.directory / "rules" / "evil.yaml").write_text(RULE.partition("governance")[0])
        site.configure(governance={"mode": "enforce"})
    if change != "connector":
        configure(site, up=False, **{"dry_run": {"mode": "dry_run"}, "ceiling": {"max_per_hour": 0}}.get(change, {}))
    daemon.hang_up()
    wait_until(lambda: (site.status()["reload"] or {}).get("ok"), tell=site.log)
    connector(site)

    wait_until(lambda: {one["status"] for one in site.listed("governance", "list")} <= {"blocked", "failed"}, tell=site.log)
    assert acted(site) == []


def test_nothing_leaves_after_stop_has_returned(make_site):
    """The connector takes its time; what it has begun is waited for."""
    site = make_site(rules={"evil": RULE})
    configure(site)
    program = site.directory / "act"
    program.write_text(f"#!/bin/sh\nsleep 1\ncat >> {site.directory}/acted\n")
    daemon = site.start()
    site.write("export.ndjson", [record(number, f"user{number}@contoso.com") for number in range(5)])
    wait_until(lambda: acted(site), tell=site.log)

    stopped = site.run("governance", "stop")
    assert stopped.code == 0, stopped.err
    before = acted(site)
    time.sleep(2.5)
    assert acted(site) == before
    assert 1 <= len(before) < 5

    daemon.terminate()
    site.start()
    time.sleep(1.5)
    assert acted(site) == before
    one = next(command for command in site.listed("governance", "list") if command["status"] == "queued")
    assert site.run("governance", "cancel", one["command_id"]).code == 0

    assert site.run("governance", "start").code == 0
    wait_until(lambda: len(acted(site)) == 4, tell=site.log)
    assert one["target"] not in acted(site)


def test_a_run_that_leaves_commands_as_governance_is_stopped_is_no_success(make_site):
    site = make_site(rules={"evil": RULE})
    configure(site)
    site.write("export.ndjson", [record(2, "SHAREPOINT\\system")])
    site.once()
    assert site.run("governance", "stop", "--reason", "exercise").code == 0
    assert "GOVERNANCE IS STOPPED" in site.once().err  # it is said, and nothing waits
    site.write("export.ndjson", [record(1, "fresh@contoso.com")])

    told = site.once(code=75).err

    assert "(exercise), 1 command waits: nothing leaves until `casbd governance start`" in told
    assert acted(site) == []
    assert site.run("governance", "start").code == 0
    assert "STOPPED" not in site.once().err
    assert acted(site) == ["fresh@contoso.com"]


def test_a_running_daemon_sees_within_seconds_what_a_person_decides(make_site):
    site = make_site(rules={"evil": RULE})
    configure(site, mode="approve")
    site.start()
    site.write("export.ndjson", [record(1, "anna@contoso.com"), record(2, "bo@contoso.com")])
    wait_until(lambda: len(site.listed("governance", "list", "--status", "pending_approval")) == 2, tell=site.log)
    anna, bo = (site.listed("governance", "list", "--user", f"{name}@contoso.com")[0]["command_id"] for name in ("anna", "bo"))

    assert site.run("governance", "approve", anna).code == 0
    assert site.run("governance", "reject", bo, "--comment", "a test").code == 0
    assert site.run("governance", "run", "suspend_user", "eve@contoso.com", "--connector", "act", "--yes").code == 0
    eve = site.listed("governance", "list", "--user", "eve@contoso.com")[0]["command_id"]
    assert site.run("governance", "approve", eve).code == 0
    wait_until(lambda: len(acted(site)) == 2, tell=site.log)

    assert sorted(acted(site)) == ["anna@contoso.com", "eve@contoso.com"]
    wait_until(lambda: len(site.listed("governance", "list", "--status", "succeeded")) == 2, tell=site.log)
    assert "has no way back" in site.run("governance", "revert", anna).err
    done = [(entry["action"], entry["target"]) for entry in site.listed("audit", "list", "--action", "governance")]
    assert done == [("governance approve", anna), ("governance reject", bo), ("governance run", eve), ("governance approve", eve)]
