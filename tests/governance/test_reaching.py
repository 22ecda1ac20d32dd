"""A command goes only to a connector of its account's app and instance."""

import json

import pytest
from builders import HOUR, chunk, record, settings

from casbd.config.reach import Reach
from casbd.governance.reaching import out_of_reach
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Options, registry


def command(target, app="AWS", instance="1111"):
    return GovernanceCommand(
        command_id="c", action="suspend_user", connector="act", target=target, status="queued", app=app, app_instance=instance
    )


REACHED = [
    ({}, command("anna@contoso.com")),
    ({"app": "AWS", "instance": "1111"}, command("bob")),
    ({"app": "aws", "instance": ["2222", "1111"]}, command("bob")),
    ({"app": "Microsoft *", "instance": "contoso"}, command("bob", "Microsoft Entra ID", "contoso")),
    ({"instance": "1111"}, command("bob")),
    ({"app": "GitHub"}, command("bob", "GitHub", None)),
    ({"app": "AWS"}, command("anna@contoso.com")),
    ({"domains": "contoso.com"}, command("Anna@Contoso.com", "Okta", "x")),
    ({"domains": ["*.contoso.com"]}, command("anna@mail.contoso.com", "Okta", "x")),
    ({"domains": "contoso.onmicrosoft.com"}, command("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com", "Okta", "x")),
    ({"domains": "contoso.com", "app": "AWS", "instance": "1111"}, command("bob")),
]
NOT_REACHED = [
    ({}, command("bob"), "bob is somebody only within AWS (1111), and the connector act does not say whose accounts it takes"),
    ({"app": "AWS", "instance": "2222"}, command("bob"), "bob was seen in AWS (1111), and the connector act takes AWS, instance 2222"),
    ({"app": "AWS"}, command("bob"), "takes AWS, no instance by its name"),
    ({"app": "GitHub", "instance": "1111"}, command("bob"), "takes GitHub, instance 1111"),
    ({"app": "GitHub"}, command("anna@contoso.com"), "anna@contoso.com was seen in AWS (1111)"),
    ({"app": "AWS", "instance": "2222"}, command("anna@contoso.com"), "instance 2222"),
    ({"app": "AWS"}, command("bob", None, None), "bob was seen in an unknown app"),
    ({"domains": "contoso.com"}, command("bob"), "takes addresses of contoso.com"),
    ({"domains": "contoso.com"}, command("anna@contoso.com.evil.org"), "takes addresses of contoso.com"),
    ({"domains": "fabrikam.com"}, command("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com"), "takes addresses of fabrikam.com"),
]


@pytest.mark.parametrize(("reach", "one"), REACHED)
def test_within_reach(reach, one):
    assert out_of_reach(one, Reach(**reach)) == ""


@pytest.mark.parametrize(("reach", "one", "told"), NOT_REACHED)
def test_out_of_reach(reach, one, told):
    assert told in out_of_reach(one, Reach(**reach))


def failed_log_on(account, user="bob", number=0):
    """A CloudTrail record of an IAM user."""
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/{user}", "accountId": account, "userName": user}
    fields = {
        "eventTime": "2026-01-01T12:00:00Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "eventID": f"{account}-{number}",
    }
    answer = {"errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"}}
    where = {"awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "recipientAccountId": account, "eventVersion": "1.08"}
    return json.dumps({"userIdentity": identity} | fields | answer | where).encode()


class TestTwoTenantsBob:
    @pytest.fixture
    def core(self, make_core):
        rules = {"failed": {"governance": [{"action": "suspend_user", "connector": "one"}, {"action": "suspend_user", "connector": "two"}]}}
        core = make_core(rules=rules, settings=settings({}, mode="enforce"))
        core.reaches = {name: Reach(app="AWS", instance=account) for name, account in (("one", "1" * 12), ("two", "2" * 12))}
        core.use(core.policies)
        return core

    def test_each_tenants_connector_gets_its_own(self, core):
        core.format = registry.load("formats", "aws_cloudtrail")(Options())
        core.feed(chunk([failed_log_on("1" * 12), failed_log_on("2" * 12)], format="aws_cloudtrail"))
        assert {(c.connector, c.app_instance, c.target, c.status) for c in core.commands()} == {
            ("one", "1" * 12, "bob", "queued"),
            ("two", "2" * 12, "bob", "queued"),
            ("one", "2" * 12, "bob", "blocked"),
            ("two", "1" * 12, "bob", "blocked"),
        }

    def test_the_others_cool_down_is_the_others(self, core):
        core.format = registry.load("formats", "aws_cloudtrail")(Options())
        core.reaches = dict.fromkeys(("one", "two"), Reach(app="AWS", instance="*"))
        core.use(core.policies)
        core.feed(chunk([failed_log_on("1" * 12), failed_log_on("2" * 12)], format="aws_cloudtrail"))
        assert [c.status for c in core.commands()] == ["queued"] * 4

    def test_a_connector_that_takes_others_since(self, core, make_core):
        core.reaches = {name: Reach(domains="contoso.com") for name in ("one", "two")}
        core.use(core.policies)
        core.feed_records(record())
        queued = [c for c in core.commands() if c.status == "queued"]
        assert len(queued) == 2
        core.reaches = {"one": Reach(domains="fabrikam.com")}
        assert "takes addresses of fabrikam.com" in core.rails().why_no_longer(next(c for c in queued if c.connector == "one"), core.now)
        assert "no connector two" in core.rails().why_no_longer(next(c for c in queued if c.connector == "two"), core.now)


def test_two_tenants_bobs_are_not_counted_together(make_core):
    core = make_core(rules={"burst": {"match": {"repeated": 2, "within": "1h"}, "alert": {"suppress": "1h"}}}, settings=settings({}))
    core.format = registry.load("formats", "aws_cloudtrail")(Options())
    core.feed(chunk([failed_log_on("1" * 12), failed_log_on("2" * 12)], format="aws_cloudtrail"))
    assert core.alerts() == []
    more = [failed_log_on(account, number=1) for account in ("1" * 12, "2" * 12)]
    core.feed(chunk(more, format="aws_cloudtrail", start=1000))
    assert sorted((alert.app_instance, alert.activity_count, alert.suppressed) for alert in core.alerts()) == [
        ("1" * 12, 2, False),
        ("2" * 12, 2, False),
    ]


def test_what_is_held_back_is_said_with_the_tenant(make_core):
    core = make_core(rules={"single": {"alert": {"suppress": "1h"}}}, settings=settings())
    core.format = registry.load("formats", "aws_cloudtrail")(Options())
    for number in range(3):
        core.feed(
            chunk(
                [failed_log_on("1" * 12, number=number), failed_log_on("2" * 12, number=number)],
                format="aws_cloudtrail",
                start=number * 999,
            )
        )
    core.now += 2 * HOUR
    core.pipeline.tell_held_back()
    told = sorted(alert.description for alert in core.alerts() if alert.policy_type == "system")
    assert [line.partition(" since")[0] for line in told] == [
        f"2 more alerts of this policy were raised for bob (aws, {account})" for account in ("1" * 12, "2" * 12)
    ]
