"""What is done to accounts, by a real program that a connector runs, when exports of years are read for the first time."""

import json
import time

from running import wait_until

from casbd.wire.timestamps import iso

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
    assert {one["target"]: one["status"] for one in site.listed("governance", "list")} == {
        "chief@contoso.com": "blocked",
        "fresh@contoso.com": "succeeded",
    }


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
