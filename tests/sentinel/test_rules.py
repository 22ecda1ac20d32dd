"""The analytic rules and hunting queries: what Sentinel asks of their files, and what each finds, and does not find."""

import re
import uuid
from dataclasses import dataclass

import pytest
from solution import TACTICS, documents, mistakes
from workspace import Workspace

from casbd.alerting import raising
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand

RULES = documents("Analytic Rules")
HUNTS = documents("Hunting Queries")
NOW = 1_767_268_800_000
"""2026-01-01T12:00:00Z"""
MINUTE = 60_000
UNITS = {"m": 1, "h": 60, "d": 1440}


def minutes(length):
    return int(length[:-1]) * UNITS[length[-1]]


def test_there_are_five_rules_and_three_hunts():
    assert (len(RULES), len(HUNTS)) == (5, 3)


def test_ids_are_unique_guids():
    ids = [one["id"] for one in [*RULES.values(), *HUNTS.values()]]
    assert len(set(ids)) == len(ids)
    assert all(str(uuid.UUID(one)) == one for one in ids)


@pytest.mark.parametrize("name", [*RULES, *HUNTS])
def test_what_every_file_says(name):
    one = (RULES | HUNTS)[name]
    assert len(one["name"]) <= 50
    assert one["description"].startswith("Identifies " if name in RULES else "This query searches for ")
    assert set(one["tactics"]) <= TACTICS
    assert all(re.fullmatch(r"T\d{4}", technique) for technique in one["relevantTechniques"])
    (connector,) = one["requiredDataConnectors"]
    assert connector["connectorId"] == "Casbd"
    assert set(connector["dataTypes"]) == set(re.findall(r"Casbd\w+_CL", one["query"]))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_looks_back_as_far_as_it_must(rule):
    """Sentinel takes a period of at least the frequency; with a shorter one, rows would never be looked at."""
    assert minutes(rule["queryPeriod"]) >= minutes(rule["queryFrequency"])
    assert (rule["kind"], rule["triggerOperator"], rule["triggerThreshold"]) == ("Scheduled", "gt", 0)
    assert rule["severity"] in ("High", "Medium", "Low", "Informational")


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_each_row_is_an_alert_of_its_own_that_says_what_it_is(rule):
    """Else all rows of a run are one alert, called after the rule. Sentinel takes three columns a text, twenty details, short names."""
    assert rule["eventGroupingSettings"] == {"aggregationKind": "AlertPerResult"}
    texts = rule["alertDetailsOverride"]
    assert texts.keys() <= {"alertDisplayNameFormat", "alertDescriptionFormat"}
    assert all(1 <= len(set(shown(text))) <= 3 for text in texts.values())
    assert len(rule["customDetails"]) <= 20
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,20}", name) for name in rule["customDetails"])


def shown(text):
    """The columns in a text."""
    return re.findall(r"\{\{(\w+)\}\}", text)


def test_each_query_is_what_kusto_takes():
    queries = {name: one["query"] for name, one in (RULES | HUNTS).items()}
    assert mistakes(queries) == {name: [] for name in queries}


def alert(number, **fields):
    values = {"policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "high", "category": "threat_detection"}
    values |= {"user": "a@contoso.com", "created": NOW - MINUTE, "first_activity": NOW - MINUTE, "last_activity": NOW - MINUTE}
    return Alert(alert_id=f"alert{number}", **values | fields)


def activity(number, ago=1, **fields):
    one = Activity(NOW - ago * MINUTE, f"activity{number}")
    for name, value in ({"user": "a@contoso.com", "app": "Okta", "action_type": "x", "result": "success"} | fields).items():
        setattr(one, name, value)
    return one


def command(number, ago=5, **fields):
    values = {"action": "suspend_user", "connector": "c", "target": "A@contoso.com", "status": "succeeded", "created": NOW - ago * MINUTE}
    return GovernanceCommand(command_id=f"command{number}", **values | {"finished": NOW - ago * MINUTE} | fields)


def about_casbd(kind, **fields):
    values = vars_of(raising.system(kind, "t", "d", subject="s", moment=NOW - MINUTE, now=NOW - MINUTE))
    return Alert(**values | fields)


def vars_of(alert):
    return {name: getattr(alert, name) for name in alert.__struct_fields__}


CLOSED = {"status": "closed", "closed": NOW, "changed": NOW, "event": "closed"}
BY_TOR = {"ip_tags": ("Tor",)}


@dataclass
class Case:
    query: str
    items: list
    found: int


IN_TWO = [activity(1, country="NO"), activity(2, country="KP")]
OTHERS_TOO = [activity(3, country="NO", user="b"), activity(4, country="KP", user="b")]
SUSPENDED = "CasbdActivityAfterSuspension"
CASES = {
    "a high alert": Case("CasbdHighSeverityAlert", [alert(1), alert(1)], 1),
    "of another severity": Case("CasbdHighSeverityAlert", [alert(1, severity="medium")], 0),
    "that grew": Case("CasbdHighSeverityAlert", [alert(1, event="updated", changed=NOW)], 0),
    "a part of another": Case("CasbdHighSeverityAlert", [alert(1, merged_into="alert0")], 0),
    "about casbd": Case("CasbdHighSeverityAlert", [about_casbd("input_silent", severity="high")], 0),
    "an action failed": Case("CasbdGovernanceFailed", [command(1, status="failed")], 1),
    "and succeeded later": Case("CasbdGovernanceFailed", [command(1, status="failed"), command(1, ago=1)], 0),
    "an action succeeded": Case("CasbdGovernanceFailed", [command(1)], 0),
    "a silent input": Case("CasbdBlind", [about_casbd("input_silent")], 1),
    "a destination is down": Case("CasbdBlind", [about_casbd("destination_down")], 1),
    "and back": Case("CasbdBlind", [about_casbd("destination_down"), about_casbd("destination_down", **CLOSED)], 0),
    "something else about casbd": Case("CasbdBlind", [about_casbd("governance_failed")], 0),
    "three policies": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}") for one in range(3)], 1),
    "two policies": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one % 2}") for one in range(3)], 0),
    "three of several users": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}", user=f"{one}") for one in range(3)], 0),
    "three of low severity": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}", severity="low") for one in range(3)], 0),
    "told before": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}", created=NOW - 90 * MINUTE) for one in range(3)], 0),
    "after suspension": Case(SUSPENDED, [command(1), activity(1)], 1),
    "before suspension": Case(SUSPENDED, [command(1), activity(1, ago=9)], 0),
    "of somebody else": Case(SUSPENDED, [command(1), activity(1, user="b@contoso.com")], 0),
    "a failure after it": Case(SUSPENDED, [command(1), activity(1, activity_type="Failed log on", result="failure")], 0),
    "no longer suspended": Case(SUSPENDED, [command(1), command(2, ago=3, action="unsuspend_user"), activity(1)], 0),
    "a suspension that failed": Case(SUSPENDED, [command(1, status="failed"), activity(1)], 0),
    "told an hour ago": Case(SUSPENDED, [command(1, ago=200), activity(1, ago=100)], 0),
    "a country of its own": Case("CasbdRareCountries", [*IN_TWO, activity(3, country="NO", user="b")], 1),
    "one that others have": Case("CasbdRareCountries", [*IN_TWO, *OTHERS_TOO], 0),
    "one country": Case("CasbdRareCountries", [activity(1, country="NO")], 0),
    "administration by Tor": Case("CasbdAdministrationFromRiskyAddresses", [activity(1, is_admin_operation=True, **BY_TOR)], 1),
    "administration at home": Case("CasbdAdministrationFromRiskyAddresses", [activity(1, is_admin_operation=True)], 0),
    "another thing by Tor": Case("CasbdAdministrationFromRiskyAddresses", [activity(1, **BY_TOR)], 0),
}  # fmt: skip


def log_ons(failed, succeeded, **fields):
    done = [("Failed log on", "failure")] * failed + [("Log on", "success")] * succeeded
    return [
        activity(number, **{"activity_type": one, "ip_address": "203.0.113.7", "result": how} | fields)
        for number, (one, how) in enumerate(done)
    ]


CASES["in after ten failures"] = Case("CasbdSuccessAfterFailures", log_ons(10, 1), 1)
CASES |= {
    "another action since": Case(SUSPENDED, [command(1), command(2, ago=3, action="notify_user"), activity(1)], 1),
    "no log on after it": Case(SUSPENDED, [command(1), activity(1, activity_type="Failed log on", result=None)], 0),
    "a refusal after it": Case(SUSPENDED, [command(1), activity(1, result="failure")], 0),
    "failed, and waits": Case("CasbdGovernanceFailed", [command(1, status="failed"), command(1, ago=1, status="queued")], 1),
    "three about casbd": Case("CasbdSeveralPolicies", [about_casbd(one, user="a") for one in ("x", "y", "z")], 0),
    "three of nobody": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}", user=None) for one in range(3)], 0),
    "three, of others a part": Case("CasbdSeveralPolicies", [alert(one, policy_id=f"p{one}", merged_into="x") for one in range(3)], 0),
    "refused, by Tor": Case("CasbdAdministrationFromRiskyAddresses", [activity(1, is_admin_operation=True, result="failure", **BY_TOR)], 0),
    "a place unknown": Case("CasbdRareCountries", [activity(1, country="NO"), activity(2)], 0),
    "nobody's countries": Case("CasbdRareCountries", [activity(1, country="NO", user=None), activity(2, country="KP", user=None)], 0),
    "refused in a country": Case("CasbdRareCountries", [activity(1, country="NO"), activity(2, country="KP", result="failure")], 0),
    "no log ons": Case("CasbdSuccessAfterFailures", log_ons(10, 1, activity_type="Delete file"), 0),
    "from nowhere": Case("CasbdSuccessAfterFailures", log_ons(10, 1, ip_address=None), 0),
}
CASES["in after nine"] = Case("CasbdSuccessAfterFailures", log_ons(9, 1), 0)
CASES["never in"] = Case("CasbdSuccessAfterFailures", log_ons(12, 0), 0)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_found(case, tmp_path):
    query = (RULES | HUNTS)[case.query]
    found = Workspace(tmp_path, case.items, "2026-01-01T12:00:00Z").run(query["query"])
    assert len(found) == case.found
    columns = {mapping["columnName"] for entity in query["entityMappings"] for mapping in entity["fieldMappings"]}
    columns |= {column for text in query.get("alertDetailsOverride", {}).values() for column in shown(text)}
    columns |= {*query.get("customDetails", {}).values()}
    assert all(columns <= row.keys() for row in found)


def long_ago(**fields):
    return {"created": NOW - 180 * MINUTE, **fields}


WAITED = {
    "CasbdHighSeverityAlert": [alert(1, **long_ago())],
    "CasbdGovernanceFailed": [command(1, ago=180, status="failed")],
    "CasbdBlind": [about_casbd("input_silent", **long_ago())],
    "CasbdSeveralPolicies": [alert(one, **long_ago(policy_id=f"p{one}")) for one in range(3)],
    SUSPENDED: [command(1, ago=200), activity(1, ago=180)],
}


@pytest.mark.parametrize("name", RULES)
def test_what_waited_for_its_delivery_is_told_when_it_comes(name, tmp_path):
    """And once: `TimeGenerated` is casbd's, so after an outage it is older than the rule's last run."""
    for number, (ingested, found) in enumerate([("2026-01-01T11:59:00Z", 1), (None, 0)]):
        (tmp_path / str(number)).mkdir()
        workspace = Workspace(tmp_path / str(number), WAITED[name], "2026-01-01T12:00:00Z", ingested)
        assert len(workspace.run(RULES[name]["query"])) == found
