"""Sigma rules become policies that say the same: told by examples, and by another evaluation of the rules and a real export."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_sigma import holds
from ruamel.yaml import YAML

from casbd.backtest.trial import alerts_of
from casbd.counting.repeated import Repeated
from casbd.counting.sequenced import Sequenced
from casbd.counting.subject_sql import Subjects
from casbd.errors import Mistakes
from casbd.filters.tree import AnyOf
from casbd.formats.aws_cloudtrail import AwsCloudTrail
from casbd.model.activity import Activity
from casbd.plugins import Options
from casbd.policies.explain import sentence
from casbd.policies.loading import load, load_file
from casbd.policies.matcher import Matcher

HERE = Path(__file__).parent
RULES = {path.stem: path for path in sorted((HERE / "rules").glob("*.yml"))}
EXPORT = HERE.parents[1] / "formats/aws_cloudtrail/invictus"

HEAD = "title: T\nlogsource: {{{source}}}\ndetection:\n  selection:\n    {item}\n  condition: {condition}\n"
AWS = "product: aws, service: cloudtrail"


def policy(item, *, source=AWS, condition="selection", more=""):
    return load_file(Path("t.yml"), text=HEAD.format(source=source, item=item, condition=condition) + more)


def meets(found, record, **fields):
    given = Activity(**({"source": "json", "raw": record if isinstance(record, str) else json.dumps(record)} | fields))
    return bool(Matcher([found], now=lambda: 0).match(given))


class TestValues:
    @pytest.mark.parametrize(
        ("item", "value", "held"),
        [
            ("errorCode: AccessDenied", "accessdenied", True),
            ("errorCode: AccessDenied", "AccessDenied2", False),
            ("errorCode: Access*", "accessdenied", True),
            ("errorCode: '*denied'", "AccessDenied", True),
            ("errorCode: '*cess*'", "AccessDenied", True),
            ("errorCode: A*d?n*d", "AccessDenied", True),
            ("errorCode: A*d?n*d", "AccessDenied!", False),
            ("errorCode: 'A*\\*d'", "Access*d", True),
            ("errorCode: 'A*\\*d'", "Accessed", False),
            ("errorCode: '*'", "x", True),
            ("errorCode: '*'", None, False),
            ("errorCode: ''", "", True),
            ("errorCode: ''", "x", False),
            ("errorCode: null", None, True),
            ("errorCode: null", "x", False),
            ("errorCode|exists: true", "x", True),
            ("errorCode|exists: false", "x", False),
            ("errorCode|contains: ess", "AccESSDenied", True),
            ("errorCode|contains|cased: ess", "AccESSDenied", False),
            ("errorCode|cased: AccessDenied", "AccessDenied", True),
            ("errorCode|cased: AccessDenied", "accessDenied", False),
            ("errorCode|re: ^Acc.*d$", "AccessDenied", True),
            ("errorCode|re: ^acc.*d$", "AccessDenied", False),
            ("errorCode|re|i: ^acc.*d$", "AccessDenied", True),
            ("errorCode|re: cess", "AccessDenied", True),
            ("errorCode|re: a.b", "a\nb", False),
            ("errorCode|re|s: a.b", "a\nb", True),
            ("errorCode|re|m: ^b", "a\nb", True),
            ("errorCode|startswith: [Acc, Xyz]", "AccessDenied", True),
            ("errorCode|contains|all: [acc, den]", "AccessDenied", True),
            ("errorCode|contains|all: [acc, xyz]", "AccessDenied", False),
            ("errorCode|neq: AccessDenied", "AccessDenied", False),
            ("errorCode|neq: AccessDenied", "Other", True),
            ("sourceIPAddress|cidr: 10.0.0.0/8", "10.1.2.3", True),
            ("sourceIPAddress|cidr: 10.0.0.0/8", "AWS Internal", False),
            ("requestParameters.n|gte: 5", 5, True),
            ("requestParameters.n|lt: 5", 5, False),
            ("requestParameters.n: 5", "5", True),
            ("requestParameters.n: true", True, True),
            ("requestParameters.n|base64: foo", "Zm9v", True),
            ("requestParameters.n|base64offset|contains: foobar", "foobar", False),
            ("requestParameters.n|base64offset|contains: foobar", "xxZm9vYmFyxx", True),
            ("requestParameters.n|windash|contains: ' -a'", "x /a", True),
            ("requestParameters.n: 1.50", "1.5", True),
            ("errorCode|re|i|m|s: 'A.b$'", "x\na\nb\nc", True),
            ("eventTime|year: 2024", "2024-01-31T03:05:00Z", True),
            ("eventTime|month: 1", "2024-01-31T03:05:00Z", True),
            ("eventTime|month: 3", "2024-01-31T03:05:00Z", False),
            ("eventTime|day: 31", "2024-01-31T03:05:00Z", True),
            ("eventTime|hour: [2, 3]", "2024-01-31T03:05:00Z", True),
            ("eventTime|hour: 5", "2024-01-31 03:05:00", False),
            ("eventTime|minute: 5", "2024-01-31 03:05:00", True),
            ("eventTime|minute: 5", "soon", False),
        ],
    )
    def test_modifiers(self, item, value, held):
        name = item.partition(":")[0].partition("|")[0]
        record = {"requestParameters": {"n": value}} if "." in name else {name: value}
        assert meets(policy(item), record) is held

    def test_a_value_that_is_the_one_of_another_field(self):
        found = policy("userIdentity.userName|fieldref: requestParameters.userName")
        assert meets(found, {"userIdentity": {"userName": "Anna"}, "requestParameters": {"userName": "anna"}})
        assert not meets(found, {"userIdentity": {"userName": "Anna"}, "requestParameters": {"userName": "bert"}})
        assert not meets(found, {})

    def test_another_field_that_it_is_not(self):
        found = policy("errorCode|fieldref|neq: errorMessage")
        assert meets(found, {"errorCode": "a", "errorMessage": "b"})
        assert not meets(found, {"errorCode": "a", "errorMessage": "A"})


class TestLogSources:
    def test_fields_of_the_activity_where_the_own_format_has_read_the_record(self):
        found = policy("eventName: CreateUser")
        assert meets(found, "{}", source="aws_cloudtrail", action_type="createuser")
        assert not meets(found, {"eventName": "CreateUser"}, source="aws_cloudtrail", action_type="Other")

    def test_the_record_where_a_mapping_has(self):
        assert meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"})
        assert meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"}, source="csv")

    def test_no_other_records(self):
        assert not meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"}, source="okta", action_type="CreateUser")

    @pytest.mark.parametrize(
        ("source", "item", "record"),
        [
            ("product: azure, service: signinlogs", "ResultType: 50053", {"resultType": "50053"}),
            ("product: azure, service: signinlogs", "ResultType: 50053", {"status": {"errorCode": 50053}}),
            ("product: azure, service: signinlogs", "ResultType: 50053", {"properties": {"status": {"errorCode": 50053}}}),
            ("product: azure, service: signinlogs", "AppId: a", {"properties": {"appId": "A"}}),
            ("product: azure, service: signinlogs", "DeviceDetail.deviceId: ''", {"properties": {"deviceDetail": {"deviceId": ""}}}),
            ("product: azure, service: auditlogs", "properties.message: Add user", {"activityDisplayName": "Add user"}),
            (
                "product: azure, service: auditlogs",
                "ConsentContext.IsAdminConsent: 'false'",
                {
                    "targetResources": [
                        {"modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "newValue": '"False"', "oldValue": "[]"}]}
                    ]
                },
            ),
            ("product: azure, service: riskdetection", "riskEventType: newCountry", {"riskEventType": "newCountry"}),
            ("product: azure, service: activitylogs", "operationName|endswith: /WRITE", {"operationName": {"value": "Microsoft.X/write"}}),
            (
                "product: m365, service: threat_management",
                "Payload|contains|all: [Export, .pst]",
                {"Data": '{"cmd": "-Export", "file": "x.pst"}'},
            ),
            ("product: m365, service: exchange", "Parameters|contains: ForwardTo", {"Parameters": [{"Name": "ForwardTo", "Value": "x"}]}),
            ("product: m365, service: threat_management", "eventName: Impossible travel activity", {"Name": "Impossible travel activity"}),
            (
                "product: okta, service: okta",
                "debugContext.debugData.behaviors|contains: POSITIVE",
                {"debugContext": {"debugData": {"behaviors": "x=POSITIVE"}}},
            ),
            ("product: okta, service: okta", "eventtype: user.session.start", {"eventType": "user.session.start"}),
            ("product: github, service: audit", "action: repo.destroy", {"action": "repo.destroy"}),
            (
                "product: gcp, service: gcp.audit",
                "gcp.audit.method_name|endswith: .delete",
                {"protoPayload": {"methodName": "v1.x.delete"}},
            ),
            ("product: gcp, service: gcp.audit", "data.protoPayload.serviceName: x", {"protoPayload": {"serviceName": "x"}}),
            ("product: gcp, service: google_workspace.admin", "eventService: admin.googleapis.com", {"id": {"applicationName": "admin"}}),
            (
                "product: gcp, service: google_workspace.admin",
                "new_value: 'false'",
                {"events": [{"name": "X", "parameters": [{"name": "NEW_VALUE", "boolValue": False}]}]},
            ),
        ],
    )
    def test_where_fields_stand(self, source, item, record):
        assert meets(policy(item, source=source), record)
        assert not meets(policy(item, source=source), {"something": "else"})

    def test_a_result_in_the_vendors_words(self):
        found = policy("status: Failed", source="product: m365, service: audit")
        assert meets(found, "{}", source="m365", result="failure")
        assert meets(found, {"ResultStatus": "Failed"}, source="m365")
        assert not meets(found, "{}", source="m365", result="success")

    def test_azures_operations_whichever_way_the_record_came(self):
        found = policy("operationName|startswith: MICROSOFT.NETWORK/VIRTUALNETWORKS/", source="product: azure, service: activitylogs")
        own = {"source": "azure_activity", "action_type": "Microsoft.Network/virtualNetworks/write"}
        for record in ({"operation_name": {"value": "x"}}, {"OperationNameValue": "x"}, {"operationName": "x"}):
            assert meets(found, record, **own)
        assert not meets(found, "{}", source="azure_activity", action_type="Microsoft.Compute/disks/write")
        assert not meets(found, "{}", source="m365", action_type="Microsoft.Network/virtualNetworks/write")


class TestHead:
    def test_is_carried_over(self):
        more = (
            "description: D\nlevel: critical\ntags: [attack.t1110]\nreferences: [https://example.com]\n"
            "falsepositives: [Backups, Unknown]\ndate: 2024-01-31\nstatus: nonsense\n"
        )
        found = policy("errorCode: x", more=more)
        assert (found.id, found.name, found.severity, found.category) == ("t", "T", "high", "threat_detection")
        assert found.description == "D\nFalse positives: Backups"
        assert found.tags == ("attack.t1110", "critical")
        assert found.references == ("https://example.com",)

    def test_what_casbd_asks_besides_may_stand_there(self):
        more = (
            "enabled: false\nmode: simulate\nalert: {suppress: 1h}\ngovernance: [{action: suspend_user, connector: entra}]\n"
            "tests: [{name: n, activities: [{source: json, raw: {errorCode: x}}], alerts: 1}]\n"
        )
        found = policy("errorCode: x", more=more)
        assert (found.enabled, found.mode, found.alert.suppress) == (False, "simulate", 3_600_000)
        assert (found.governance, len(found.tests)) == ((("suspend_user", "entra"),), 1)


BASE = f"title: {{name}}\nname: {{name}}\nlogsource: {{{{{AWS}}}}}\ndetection: {{{{s: {{{{eventName: {{name}}}}}}, condition: s}}}}\n"


def correlation(body, *names):
    documents = [BASE.format(name=name) for name in names]
    return load_file(Path("c.yml"), text="---\n".join([f"title: C\ncorrelation:\n{body}", *documents]))


class TestCorrelations:
    def test_a_number_of_events(self):
        found = correlation("  {type: event_count, rules: [a], group-by: [userIdentity.arn], timespan: 5m, condition: {gte: 10}}\n", "a")
        assert found.match == Repeated(repeated=10, within=300_000, by=("raw.userIdentity.arn",))

    def test_more_than_a_number_by_what_an_activity_has(self):
        body = "  {type: event_count, rules: [a, b], group-by: [sourceIPAddress], timespan: 1d, condition: {gt: 10}}\n"
        found = correlation(body, "a", "b")
        assert found.match == Repeated(repeated=11, within=86_400_000, by=("ip_address",))
        assert isinstance(found.filters, AnyOf)

    def test_different_values(self):
        body = "  {type: value_count, rules: [a], timespan: 1h, condition: {gte: 3, field: requestParameters.bucketName}}\n"
        found = correlation(body, "a")
        assert found.match == Repeated(repeated=3, within=3_600_000, by=("source",), unique="raw.requestParameters.bucketName")

    @pytest.mark.parametrize(("kind", "any_order"), [("temporal", True), ("temporal_ordered", False)])
    def test_all_within_a_time(self, kind, any_order):
        found = correlation(f"  {{type: {kind}, rules: [a, b], group-by: [user], timespan: 1h}}\n", "a", "b")
        assert isinstance(found.match, Sequenced)
        assert (found.match.any_order, found.match.by, len(found.match.steps)) == (any_order, ("user",), 2)

    def test_all_as_a_condition(self):
        found = correlation("  {type: temporal, rules: [a, b], timespan: 1h, condition: a and b}\n", "a", "b")
        assert isinstance(found.match, Sequenced)

    def test_many_and_then_one(self):
        text = "---\n".join(
            [
                "title: C\ncorrelation: {type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 10m}\n",
                "title: M\nname: many\ncorrelation:\n"
                "  {type: event_count, rules: [a], group-by: [user], timespan: 10m, condition: {gte: 5}}\n",
                BASE.format(name="a"),
                BASE.format(name="b"),
            ]
        )
        match = load_file(Path("c.yml"), text=text).match
        assert isinstance(match, Sequenced)
        assert [step.repeated for step in match.steps] == [5, 1]

    @pytest.mark.parametrize(
        ("condition", "repeated", "unique"), [("count() by user > 5", 6, None), ("count(errorCode) >= 5", 5, "raw.errorCode")]
    )
    def test_the_old_way(self, condition, repeated, unique):
        found = policy("eventName: a", condition=f"selection | {condition}\n  timeframe: 10m")
        assert isinstance(found.match, Repeated)
        assert (found.match.repeated, found.match.unique, found.match.within) == (repeated, unique, 600_000)

    def test_rules_in_other_files_that_raise_no_alert_of_their_own(self, tmp_path):
        body = "{type: event_count, rules: [a], group-by: [user], timespan: 5m, condition: {gte: 10}}"
        (tmp_path / "correlation.yml").write_text(f"title: C\ncorrelation: {body}\n")
        (tmp_path / "base.yml").write_text(BASE.format(name="a"))
        (tmp_path / "other.yml").write_text(BASE.format(name="b"))
        assert [policy.id for policy in load([tmp_path])] == ["correlation", "other"]
        (tmp_path / "correlation.yml").write_text(f"title: C\ncorrelation: {body[:-1]}, generate: true}}\n")
        assert [policy.id for policy in load([tmp_path])] == ["base", "correlation", "other"]
        others = [tmp_path / "base.yml"]
        assert load_file(tmp_path / "correlation.yml", others=others).id == "correlation"

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ("{type: event_count, rules: [a], timespan: 5m, condition: {lt: 10}}", "only `gte` and `gt`"),
            ("{type: event_count, rules: [a], timespan: 5x, condition: {gte: 10}}", "`5x` is no time span"),
            ("{type: event_count, rules: [nobody], timespan: 5m, condition: {gte: 10}}", "there is no Sigma rule `nobody`"),
            ("{type: event_count, rules: [], timespan: 5m, condition: {gte: 10}}", "needs `rules`"),
            ("{type: value_avg, rules: [a], timespan: 5m, condition: {gte: 10, field: x}}", "`value_avg` are not known"),
            ("{type: value_count, rules: [a], timespan: 5m, condition: {gte: 10}}", "needs a `field`"),
            ("{type: event_count, rules: [a], timespan: 5m, group-by: [ComputerName], condition: {gte: 10}}", "the field `ComputerName`"),
            ("{type: temporal, rules: [a], timespan: 5m}", "takes 2 to 20 rules"),
            ("{type: temporal, rules: [a, c], timespan: 5m}", "this correlation refers to itself"),
            ("nonsense", "is a mapping"),
        ],
    )
    def test_what_cannot_be_said_is_told(self, body, why):
        with pytest.raises(Mistakes, match=why):
            load_file(Path("c.yml"), text="---\n".join([f"title: C\nname: c\ncorrelation: {body}\n", BASE.format(name="a")]))


class TestAliases:
    BODY = "{{type: {kind}, rules: [out, back], group-by: [inner, outer], timespan: 10s, {more}aliases: {aliases}}}\n"
    SWAPPED = "{inner: {out: requestParameters.a, back: requestParameters.b}, outer: {out: requestParameters.b, back: requestParameters.a}}"

    def policy(self, kind="temporal", more="", aliases=SWAPPED):
        documents = [BASE.format(name=name) for name in ("out", "back")]
        body = self.BODY.format(kind=kind, more=more, aliases=aliases)
        return load_file(Path("c.yml"), text="---\n".join([f"title: C\ncorrelation: {body}", *documents]))

    @staticmethod
    def activities(*events):
        """Activities a second apart: each the event's name, and the values of two fields."""
        for number, (name, one, other) in enumerate(events):
            raw = json.dumps({"eventName": name, "requestParameters": {"a": one, "b": other}})
            yield Activity(source="json", raw=raw, activity_id=str(number), timestamp=number * 1000)

    def alerts(self, policy, *events):
        return [alert.activity_ids for alert in alerts_of(policy, self.activities(*events), lambda: 0)]

    def test_what_one_rule_has_in_one_field_is_what_the_other_has_in_another(self):
        found = self.policy()
        assert self.alerts(found, ("out", "x", "y"), ("back", "y", "x")) == [("0", "1")]
        assert self.alerts(found, ("back", "y", "x"), ("out", "x", "y")) == [("0", "1")]
        assert self.alerts(found, ("out", "x", "y"), ("back", "x", "y")) == []
        assert self.alerts(found, ("out", "x", "y"), ("out", "x", "y")) == []

    def test_the_order_counts_where_it_is_asked_for(self):
        found = self.policy("temporal_ordered")
        assert self.alerts(found, ("out", "x", "y"), ("back", "y", "x")) == [("0", "1")]
        assert self.alerts(found, ("back", "y", "x"), ("out", "x", "y")) == []

    def test_events_of_both_rules_are_counted_together(self):
        found = self.policy("event_count", "condition: {gte: 3}, ")
        assert self.alerts(found, ("out", "x", "y"), ("back", "y", "x"), ("out", "X", "y")) == [("0", "1", "2")]
        assert self.alerts(found, ("out", "x", "y"), ("back", "x", "y"), ("out", "x", "y")) == []

    def test_different_values_of_an_alias(self):
        aliases = self.SWAPPED[:-1] + ", what: {out: errorCode, back: errorMessage}}"
        found = self.policy("value_count", "condition: {gte: 2, field: what}, ", aliases)
        assert isinstance(found.match, Repeated)
        assert [one.unique for one in found.match.aliased] == ["raw.errorCode", "raw.errorMessage"]

    def test_an_event_of_two_rules_may_belong_to_two(self):
        documents = "".join(
            f"---\ntitle: {name}\nname: {name}\nlogsource: {{{AWS}}}\ndetection: {{s: {{eventName|contains: {name}}}, condition: s}}\n"
            for name in ("out", "back")
        )
        body = self.BODY.format(kind="temporal", more="", aliases=self.SWAPPED)
        found = load_file(Path("c.yml"), text=f"title: C\ncorrelation: {body}{documents}")
        assert self.alerts(found, ("out-back", "x", "y"), ("back", "y", "x"), ("out", "y", "x")) == [("0", "1"), ("0", "2")]

    def test_the_same_field_may_stand_elsewhere_in_the_records_of_another_rule(self):
        other = "title: O\nname: other\nlogsource: {product: okta, service: okta}\ndetection: {s: {eventType: x}, condition: s}\n"
        aliases = "{who: {a: userAgent, other: client.userAgent.rawUserAgent}}"
        body = f"{{type: temporal, rules: [a, other], group-by: [who], timespan: 1h, aliases: {aliases}}}"
        found = load_file(Path("c.yml"), text=f"title: C\ncorrelation: {body}\n---\n{BASE.format(name='a')}---\n{other}")
        assert isinstance(found.match, Sequenced)
        assert [one.by for one in found.match.aliased] == [("raw.userAgent",), ("raw.client.userAgent.rawUserAgent",)]
        assert "raw" in found.reads()
        assert "of the same userAgent in the record or client.userAgent.rawUserAgent in the record" in sentence(found)

    def test_what_they_name_is_read_and_no_column_tells_the_subjects(self):
        other = "title: O\nname: other\nlogsource: {product: azure, service: signinlogs}\ndetection: {s: {AppId: x}, condition: s}\n"
        aliases = "{who: {a: sourceIPAddress, other: UserAgent}}"
        body = f"{{type: event_count, rules: [a, other], group-by: [who], timespan: 1h, condition: {{gte: 2}}, aliases: {aliases}}}"
        found = load_file(Path("c.yml"), text=f"title: C\ncorrelation: {body}\n---\n{BASE.format(name='a')}---\n{other}")
        assert found.match.aliased[1].by == ("user_agent",)
        assert "user_agent" in found.reads()
        assert Subjects.of(found.match, found.whole_filter()) is None

    def test_a_sequence_of_such_counts_is_refused(self):
        many = self.BODY.format(kind="event_count", more="condition: {gte: 2}, ", aliases=self.SWAPPED)
        documents = [BASE.format(name=name) for name in ("out", "back", "then")]
        own = "{type: temporal, rules: [many, then], group-by: [requestParameters.a, requestParameters.b], timespan: 10s}\n"
        text = [f"title: C\ncorrelation: {own}", f"title: M\nname: many\ncorrelation: {many}", *documents]
        with pytest.raises(Mistakes, match="a correlation of correlations can only be"):
            load_file(Path("c.yml"), text="---\n".join(text))

    def test_every_value_is_no_subject(self):
        base = "title: A\nname: a\nlogsource: {product: m365}\ndetection: {s: {Operation: x}, condition: s}\n"
        body = "{type: event_count, rules: [a], group-by: [Payload], timespan: 1h, condition: {gte: 2}}\n"
        with pytest.raises(Mistakes, match="nothing can be counted by it"):
            load_file(Path("c.yml"), text=f"title: C\ncorrelation: {body}---\n{base}")

    def test_an_alias_by_a_rules_id(self):
        number = "5f2b6f1e-6a3b-4a9c-8d55-0d6f2b8f0c11"
        text = BASE.format(name="a").replace("name: a", f"id: {number}\nname: a", 1)
        for name in ("a", number):
            body = f"{{type: event_count, rules: [{number}], group-by: [who], timespan: 1h, condition: {{gte: 2}}"
            body += f", aliases: {{who: {{{name}: errorCode}}}}}}"
            match = load_file(Path("c.yml"), text=f"title: C\ncorrelation: {body}\n---\n{text}").match
            assert (match.by, match.aliased) == (("raw.errorCode",), ())

    @pytest.mark.parametrize(
        ("aliases", "why"),
        [
            ("{inner: {out: requestParameters.a, bak: x}}", "names `bak`, which is no rule of this correlation.*did you mean `back`"),
            ("{inner: {out: requestParameters.a}, outer: {out: errorCode, back: errorCode}}", "`inner` has no field for the rule `back`"),
            ("{inner: {out: nonsense, back: errorCode}, outer: {out: errorCode, back: errorCode}}", "the field `nonsense` is not known"),
            ("{inner: requestParameters.a}", "are mappings of rules to fields"),
            ("[inner]", "are mappings of rules to fields"),
            ("{}", "the field `inner` is not known"),
        ],
    )
    def test_what_is_wrong_with_them_is_told(self, aliases, why):
        with pytest.raises(Mistakes, match=why):
            self.policy(aliases=aliases)


SOURCE = f"logsource: {{{AWS}}}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"title: T\nlevel: [high]\n{SOURCE}detection: {{s: {{eventName: x}}, condition: s}}\n", "`level` is never"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName|re: 5}}, condition: s}}\n", "cannot be read|invalid|expects|regular"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventTime|week: 5}}, condition: s}}\n", "the week of a time"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventTime|hour: 24}}, condition: s}}\n", "is never 24"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName|fieldref: status}}, condition: s}}\n", "does not apply"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}}}\n", "`condition` is missing"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}, condition: '{'not (s or ' * 120}s{')' * 120}'}}\n", "nested"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}, condition: '{'not (s or ' * 60}s{')' * 60}'}}\n", "nested deeper than 50"),
        ("title: T\ndetection: {s: {eventName: x}, condition: s}\n", "logsource"),
        (f"title: T\n{SOURCE}", "detection"),
        (f'title: "a\\uD800"\n{SOURCE}detection: {{s: {{eventName: x}}, condition: s}}\n', "surrogate"),
        (
            "title: C\ncorrelation: {type: event_count, rules: [a], group-by: 5, timespan: 5m, condition: {gte: 1}}\n",
            "list of fields|no Sigma rule",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_mistake_and_never_more(text, why):
    with pytest.raises(Mistakes, match=why):
        load_file(Path("t.yml"), text=text)


def test_negations_within_each_other_are_one_or_none():
    found = policy("errorCode: x", condition="not (" * 120 + "selection" + ")" * 120)
    assert meets(found, {"errorCode": "x"})


def test_an_old_aggregation_is_read_in_no_time():
    names = ",".join("a" * 3 for _ in range(60))
    with pytest.raises(Mistakes):
        policy("errorCode: x", condition=f"selection | count() by {names}")


def test_a_correlation_of_itself_is_told_by_the_directory_too(tmp_path):
    for one, other in (("a", "b"), ("b", "a")):
        body = f"{{type: event_count, rules: [{other}], timespan: 5m, condition: {{gte: 2}}}}"
        (tmp_path / f"{one}.yml").write_text(f"title: {one}\nname: {one}\ncorrelation: {body}\n")
    with pytest.raises(Mistakes, match="refers to itself"):
        load([tmp_path])


def test_a_name_that_two_rules_have(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(BASE.format(name="same"))
    (tmp_path / "c.yml").write_text("title: C\ncorrelation: {type: event_count, rules: [same], timespan: 5m, condition: {gte: 2}}\n")
    with pytest.raises(Mistakes, match="2 Sigma rules are called `same`"):
        load([tmp_path])


def test_an_exception_cannot_be_of_a_rule_that_is_only_a_part(tmp_path):
    (tmp_path / "base.yml").write_text(BASE.format(name="a"))
    (tmp_path / "c.yml").write_text("title: C\ncorrelation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 2}}\n")
    (tmp_path / "exceptions.yaml").write_text("exceptions: [{policy: base, filters: {user: {eq: x}}, reason: r, expires: never}]\n")
    with pytest.raises(Mistakes, match="there is no policy `base`"):
        load([tmp_path])


def detection(name):
    return YAML(typ="safe").load(RULES[name])["detection"]


def export():
    records = [one for path in sorted(EXPORT.glob("*_CloudTrail_*.json")) for one in json.loads(path.read_text())["Records"]]
    form = AwsCloudTrail(Options())
    for record in records:
        raw = json.dumps(record)
        (activity,) = form.parse(raw.encode())
        activity.raw, activity.source = raw, "aws_cloudtrail"
        yield record, activity


@pytest.mark.parametrize("name", RULES)
def test_a_real_export_gives_the_same_events_as_another_evaluation(name):
    matcher = Matcher([load_file(RULES[name])], now=lambda: 0)
    found, expected, mapped = [], [], []
    for record, activity in export():
        if holds(record, detection(name)):
            expected.append(activity.activity_id)
        if matcher.match(activity):
            found.append(activity.activity_id)
        if matcher.match(Activity(activity_id=activity.activity_id, source="json", raw=activity.raw)):
            mapped.append(activity.activity_id)
    assert found == mapped == expected
    assert expected, "a rule that meets nothing here tests nothing"


texts = st.sampled_from(
    ["cloudtrail.amazonaws.com", "S3.x", "NoConfiguration", "console", "false", "us-east-1", "anna", "AssumeRole", "IAMUser", ""]
)
leaves = st.one_of(st.none(), st.booleans(), st.sampled_from([10, 1000]), texts)
inside = st.dictionaries(
    st.sampled_from(["userName", "type", "policyDocument", "maxResults", "accountId", "mfaAuthenticated"]), leaves, max_size=3
)
records = st.fixed_dictionaries(
    {
        "eventName": st.sampled_from(
            ["StopLogging", "GetBucketPolicy", "DescribeVpcs", "PutX", "AssumeRole", "Decrypt", "ModifyDBSnapshotAttribute"]
        )
    },
    optional={
        "eventSource": texts,
        "errorCode": leaves.filter(lambda value: value != ""),
        "userAgent": st.one_of(leaves, st.lists(texts)),
        "responseElements": st.one_of(st.none(), inside.filter(bool)),
        "requestParameters": st.one_of(st.none(), inside),
        "userIdentity": inside,
        "readOnly": st.booleans(),
        "managementEvent": leaves,
        "awsRegion": texts,
        "recipientAccountId": texts,
    },
)
MATCHER = Matcher([load_file(path) for path in RULES.values()], now=lambda: 0)
DETECTIONS = {name: detection(name) for name in RULES}


@settings(max_examples=300)
@given(records)
def test_any_record_gives_the_same_verdicts_as_another_evaluation(record):
    met = {policy.id for policy in MATCHER.match(Activity(source="json", raw=json.dumps(record, ensure_ascii=False)))}
    assert met == {name for name in RULES if holds(record, DETECTIONS[name])}
