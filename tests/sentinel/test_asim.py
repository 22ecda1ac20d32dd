"""The ASIM parsers, run over casbd's own events: what a schema asks for is there, and filters let through what they should."""

import json
import re

import pytest
from asim import ALLOWED, MANDATORY, TACTICS, TYPED
from solution import called, mistakes, parsers

SCHEMAS = tuple(MANDATORY)


def run(workspace, schema, **arguments):
    return workspace.run(called(f"vim{schema}Casbd", **arguments))


@pytest.mark.parametrize("schema", SCHEMAS)
class TestEachSchema:
    def test_what_is_mandatory_is_there(self, workspace, schema):
        found = run(workspace, schema)
        assert found
        for row in found:
            assert [name for name in MANDATORY[schema] if row.get(name) in (None, "")] == [], row
            assert row["EventSchema"] == schema

    def test_values_are_allowed_ones(self, workspace, schema):
        found = run(workspace, schema)
        for name, allowed in ALLOWED[schema].items():
            assert {row[name] for row in found} - {"", None} <= allowed, name

    def test_what_is_typed_has_its_type(self, workspace, schema):
        for row in run(workspace, schema):
            for name, of in TYPED.items():
                assert name not in row or bool(row[name]) == bool(row[of]), (name, row)

    def test_without_parameters_it_is_the_same(self, schema):
        parser = parsers()[f"ASim{schema}Casbd"]
        assert parser["ParserQuery"] == f"vim{schema}Casbd(disabled=disabled)\n"
        assert [one["Name"] for one in parser["ParserParams"]] == ["disabled"]

    def test_it_can_be_disabled(self, workspace, schema):
        assert run(workspace, schema, disabled="true") == []

    def test_a_filter_of_a_host_finds_nothing(self, workspace, schema):
        """No host is known; new values of audit events neither. A filter that is not heeded would find everything."""
        unknown = {"AlertEvent": "hostname_has_any", "Authentication": "srchostname_has_any", "AuditEvent": "newvalue_has_any"}[schema]
        assert run(workspace, schema, **{unknown: 'dynamic(["a"])'}) == []


FILTERS = [
    ("AlertEvent", "ipaddr_has_any_prefix", 'dynamic(["203.0."])', lambda row: row["IpAddr"].startswith("203.0.")),
    ("AlertEvent", "username_has_any", 'dynamic(["contoso", "none"])', lambda row: "contoso" in row["User"].replace("@", ".").split(".")),
    ("AlertEvent", "attacktactics_has_any", 'dynamic(["Persistence"])', lambda row: "Persistence" in row["AttackTactics"]),
    ("AlertEvent", "attacktechniques_has_any", 'dynamic(["T1110"])', lambda row: "T1110" in row["AttackTechniques"]),
    (
        "AlertEvent",
        "threatcategory_has_any",
        'dynamic(["Security Policy Violation"])',
        lambda row: row["EventSubType"] == "Compliance Violation",
    ),
    ("AlertEvent", "alertverdict_has_any", 'dynamic(["False Positive"])', lambda row: row["AlertVerdict"] == "False Positive"),
    ("AlertEvent", "eventseverity_has_any", 'dynamic(["High", "Low"])', lambda row: row["EventSeverity"] in ("High", "Low")),
    ("Authentication", "username_has_any", 'dynamic(["contoso"])', lambda row: "contoso" in row["User"].replace("@", ".").split(".")),
    ("Authentication", "targetappname_has_any", 'dynamic(["okta"])', lambda row: row["TargetAppName"] == "Okta"),
    ("Authentication", "srcipaddr_has_any_prefix", 'dynamic(["203.0."])', lambda row: row["SrcIpAddr"].startswith("203.0.")),
    ("Authentication", "eventtype_in", 'dynamic(["Logoff"])', lambda row: row["EventType"] == "Logoff"),
    ("Authentication", "eventresultdetails_in", 'dynamic(["Other"])', lambda row: row["EventResultDetails"] == "Other"),
    ("Authentication", "eventresult", "'Failure'", lambda row: row["EventResult"] == "Failure"),
    ("AuditEvent", "srcipaddr_has_any_prefix", 'dynamic(["203.0."])', lambda row: row["SrcIpAddr"].startswith("203.0.")),
    ("AuditEvent", "actorusername_has_any", 'dynamic(["contoso"])', lambda row: "contoso" in row["User"].replace("@", ".").split(".")),
    ("AuditEvent", "operation_has_any", 'dynamic(["New-InboxRule"])', lambda row: row["Operation"] == "New-InboxRule"),
    ("AuditEvent", "eventtype_in", 'dynamic(["Create", "Delete"])', lambda row: row["EventType"] in ("Create", "Delete")),
    ("AuditEvent", "eventresult", "'Failure'", lambda row: row["EventResult"] == "Failure"),
    ("AuditEvent", "object_has_any", 'dynamic(["Contoso"])', lambda row: "contoso" in re.split(r"\W+|_", row["Object"].lower())),
]


@pytest.mark.parametrize(("schema", "name", "value", "fits"), FILTERS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_filter_lets_through_what_fits(workspace, schema, name, value, fits):
    every = run(workspace, schema)
    expected = sorted(row["EventUid"] for row in every if fits(row))
    assert 0 < len(expected) < len(every)
    assert sorted(row["EventUid"] for row in run(workspace, schema, **{name: value})) == expected


@pytest.mark.parametrize("schema", SCHEMAS)
def test_times_let_through_what_fits(workspace, schema):
    times = sorted(row["TimeGenerated"] for row in run(workspace, schema))
    first, last = times[0], times[-1]
    assert first < last
    assert {row["TimeGenerated"] for row in run(workspace, schema, starttime=f"datetime({last.isoformat()}Z)")} == {last}
    assert {row["TimeGenerated"] for row in run(workspace, schema, endtime=f"datetime({first.isoformat()}Z)")} == {first}


def test_alerts_about_casbd_itself_are_no_security_alerts(workspace):
    kinds = {row["AlertId"]: row["RecordType"] for row in workspace.run("CasbdAlert_CL | project AlertId, RecordType")}
    assert {"alert", "system"} == set(kinds.values())
    assert {row["EventUid"] for row in run(workspace, "AlertEvent")} == {one for one, kind in kinds.items() if kind == "alert"}


def test_tactics_and_techniques_are_those_of_the_tags(workspace):
    tags = {row["AlertId"]: json.loads(row["Tags"]) for row in workspace.run("CasbdAlert_CL")}
    some = 0
    for row in run(workspace, "AlertEvent"):
        marks = [one.removeprefix("attack.") for one in tags[row["EventUid"]] if one.startswith("attack.")]
        techniques = [one.upper() for one in marks if one[1:5].isdigit()]
        tactics = {one for one in TACTICS if one.lower().replace(" ", "-") in marks}
        assert row["AttackTechniques"] == ", ".join(techniques)
        assert set(filter(None, row["AttackTactics"].split(", "))) == tactics
        some += bool(techniques)
    assert some


def test_each_query_is_what_kusto_takes():
    assert mistakes({name: called(name) for name in parsers()}) == {name: [] for name in parsers()}


def test_the_language_service_sees_what_is_wrong():
    """Or the test above would pass whatever is written."""
    found = mistakes(
        {"column": "CasbdAlert_CL | where Foo == 1", "call": "ASimAlertEventCasbd() | project Foo", "text": "CasbdAlert_CL | wher"}
    )
    assert all(found.values())
