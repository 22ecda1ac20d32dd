"""What is told of governance when the configuration, its lists and its rules are put together."""

from pathlib import Path

import pytest
from builders import NOON

from casbd.daemon.engine import Engine
from casbd.errors import Mistakes
from casbd.model.governance import GovernanceCommand

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}}\n"
SUSPEND = "governance: [{action: suspend_user, connector: all}]\n"
CONFIGURATION = """\
rules: [rules]
organization: {domains: [contoso.com], user_groups: groups.yaml}
inputs: [{name: m365, path: in/*}]
connectors:
  - {name: all, type: command, command: [/bin/true]}
  - {name: own, type: command, command: [/bin/true], actions: [page_the_boss]}
"""


class Place:
    """A configuration of these files."""

    def __init__(self, directory: Path) -> None:
        self.configuration = directory / "casbd.yaml"
        self.groups = directory / "groups.yaml"
        self.rule = directory / "rules" / "failed.yaml"
        self.rule.parent.mkdir()
        self.rule.write_text(RULE)
        self.groups.write_text("groups: {Finance: [A@contoso.com], Empty: []}\n")
        self.configure("")

    def configure(self, care: str) -> None:
        self.configuration.write_text(CONFIGURATION + (f"governance: {{{care}}}\n" if care else ""))

    def engine(self) -> Engine:
        return Engine(self.configuration)

    def mistakes(self) -> list[str]:
        with pytest.raises(Mistakes) as caught:
            self.engine()
        return [str(mistake).rpartition(str(self.configuration.parent))[2] for mistake in caught.value.mistakes]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_an_action_that_nobody_knows_is_a_mistake_and_one_that_its_connector_lists_is_not(place):
    place.rule.write_text(
        RULE + "governance:\n"
        "  - {action: suspnd, connector: all}\n"
        "  - {action: page_the_boss, connector: own}\n"
        "  - {action: page_the_boss, connector: all}\n"
        "  - {action: suspend_user, connector: own}\n"
    )
    assert place.mistakes() == [
        "/rules/failed.yaml:4:14: the connector `all` does not have the action `suspnd` (did you mean `suspend_user`?)",
        "/rules/failed.yaml:6:14: the connector `all` does not have the action `page_the_boss` (allowed: confirm_user_compromised,"
        " dismiss_user_risk, expire_password, notify_additional_users, notify_user, require_sign_in_again, revoke_admin_privileges,"
        " revoke_tokens, suspend_user, unsuspend_user; one of your own stands in the connector's `actions`)",
        "/rules/failed.yaml:7:14: the connector `own` does not have the action `suspend_user` (allowed: page_the_boss)",
    ]


@pytest.mark.parametrize(
    "by", ["raw.userAgent", "raw.actor.id", "raw.principalId", "ip_address", "user_agent", "user_display_name", "[ip_address, country]"]
)
def test_who_is_not_counted_by_is_not_acted_on(place, by):
    place.rule.write_text(RULE + f"match: {{repeated: 2, within: 1h, by: {by}}}\n" + SUSPEND)
    counted = by.strip("[]").replace(", ", "` and `")
    assert place.mistakes() == [
        f"/rules/failed.yaml:3:38: `governance` acts on a user, and activities that are alike in `{counted}` may be anybody's"
        " (allowed with it: user or user_id, alone or with other fields)"
    ]
    place.rule.write_text(RULE + f"match: {{repeated: 2, within: 1h, by: {by}}}\n")
    place.engine()


@pytest.mark.parametrize("match", ["by: user", "by: user_id", "by: [ip_address, user]", "single_app: true"])
def test_who_is_counted_by_is(place, match):
    place.rule.write_text(RULE + f"match: {{repeated: 2, within: 1h, {match}}}\n" + SUSPEND)
    place.engine()


def test_a_sequence_is_refused_as_well(place):
    steps = "sequence: [{activity_type: {eq: Log on}}, {activity_type: {eq: Log out}}]"
    place.rule.write_text(f"name: x\nmatch: {{{steps}, within: 1h, by: ip_address}}\n" + SUSPEND)
    assert [mistake.partition(" (")[0][:24] for mistake in place.mistakes()] == ["/rules/failed.yaml:2:100"]


SIGMA = """\
title: Base
name: base
logsource: {product: m365, service: audit}
detection: {selection: {Operation: UserLoginFailed}, condition: selection}
---
title: Many
correlation: {type: event_count, rules: [base], timespan: 5m, condition: {gte: 5}%s}
governance: [{action: suspend_user, connector: all}]
"""


@pytest.mark.parametrize(
    ("group", "right"), [(", group-by: [UserId]", True), (", group-by: [UserAgent]", False), (", group-by: [ClientIP]", False), ("", False)]
)
def test_a_correlation_of_sigma_is_asked_the_same(place, group, right):
    place.rule.write_text(SIGMA % group)
    told = [str(mistake) for mistake in place.engine().unusable]
    assert [":8:1: `governance` acts on a user" in one for one in told] == ([] if right else [True]), told


@pytest.mark.parametrize(
    "care",
    ["protected_groups: [finance]", "protected_groups: ['fin*']", "protected_groups: [Empty]", "protected_users: [anna.smith]"],
)
def test_protected_are_somebody(place, care):
    place.configure(care)
    place.engine()


@pytest.mark.parametrize(
    ("care", "told"),
    [
        ("protected_groups: [Finance, Fnance]", "7:42: there is no group `Fnance` (did you mean `Finance`?)"),
        ("protected_groups: ['x*']", "7:33: there is no group `x*` (allowed: Empty, Finance)"),
        ("protected_users: [contoso.com]", "7:32: `contoso.com` is a domain, not a user (for everybody there write *@contoso.com)"),
    ],
)
def test_protected_are_nobody(place, care, told):
    place.configure(care)
    assert place.mistakes() == [f"/casbd.yaml:{told}"]


def test_what_is_wrong_in_governance_is_told_at_once(place):
    place.configure("max_per_hour: -1, protected_users: [contoso.com, Anna Smith], protected_groups: [Fnance]")
    place.rule.write_text(RULE + SUSPEND.replace("suspend", "suspnd"))
    assert [mistake[:31] for mistake in place.mistakes()] == [
        "/casbd.yaml:7:28: `governance.m",
        "/casbd.yaml:7:50: `contoso.com`",
        "/casbd.yaml:7:63: `governance.p",
        "/casbd.yaml:7:95: there is no g",
        "/rules/failed.yaml:3:23: the co",
    ]


@pytest.mark.parametrize("wrong", [("connectors:", "conectors:"), ("[/bin/true], actions", "[true], actions")])
def test_connectors_that_are_not_known_are_not_missed(place, wrong):
    place.configuration.write_text(CONFIGURATION.replace(*wrong))
    place.rule.write_text(RULE + SUSPEND.replace("all", "own"))
    assert {mistake.partition(":")[0] for mistake in place.mistakes()} == {"/casbd.yaml"}


def test_protected_groups_without_a_file_of_groups(place):
    place.configuration.write_text("governance: {protected_groups: [Finance]}\n")
    assert place.mistakes() == [
        "/casbd.yaml:1:33: there is no group `Finance` (`organization.user_groups` names the file that groups stand in, and has none)"
    ]


def test_where_the_file_of_groups_is_wrong_that_alone_is_told(place):
    place.configure("protected_groups: [Finance]")
    place.groups.write_text("grups: {}\n")
    assert {mistake.partition(":")[0] for mistake in place.mistakes()} == {"/groups.yaml"}


def test_the_rails_know_who_is_in_a_group(place):
    place.configure("protected_groups: [Finance]")
    rails = place.engine().rails
    assert "the group Finance" in rails.why_not("a@Contoso.com", NOON, NOON)
    assert rails.why_not("b@contoso.com", NOON, NOON) == ""


@pytest.mark.parametrize(
    ("care", "rule", "warned"),
    [
        ("mode: enforce", SUSPEND, True),
        ("mode: enforce, protected_users: [a@contoso.com]", SUSPEND, False),
        ("mode: enforce, protected_groups: [Finance]", SUSPEND, False),
        ("mode: approve", SUSPEND, False),
        ("mode: enforce", "", False),
        ("mode: enforce", f"mode: simulate\n{SUSPEND}", False),
        ("mode: enforce", f"enabled: false\n{SUSPEND}", False),
    ],
)
def test_to_act_and_to_protect_nobody_is_warned_of(place, care, rule, warned):
    place.configure(care)
    place.rule.write_text(RULE + rule)
    assert any("nobody is protected" in warning.message for warning in place.engine().doubts) is warned


@pytest.mark.parametrize(
    ("reach", "target", "told"),
    [
        ('app: AWS, instance: "1111"', "bob", ""),
        ("app: [AWS, Okta], instance: 'x*'", "bob", "takes AWS, Okta, instance x*"),
        ("domains: [contoso.com]", "bob@contoso.com", ""),
        ("domains: contoso.com", "bob@fabrikam.com", "takes addresses of contoso.com"),
    ],
)
def test_the_rails_know_whose_accounts_a_connector_takes(place, reach, target, told):
    place.configuration.write_text(CONFIGURATION.replace("[/bin/true]}", f"[/bin/true], {reach}}}", 1))
    fields = {"target": target, "app": "AWS", "app_instance": "1111", "created": NOON, "last_activity": NOON}
    command = GovernanceCommand(command_id="c", action="suspend_user", connector="all", status="queued", **fields)
    why_not = place.engine().rails.why_no_longer(command, NOON)
    assert told in why_not
    assert bool(why_not) == bool(told)


@pytest.mark.parametrize(
    ("reach", "told"), [("domains: [contoso]", "`contoso` is no domain"), ("app: ''", "app"), ("instance: 1111", "instance")]
)
def test_a_reach_that_is_none_is_told(place, reach, told):
    place.configuration.write_text(CONFIGURATION.replace("[/bin/true]}", f"[/bin/true], {reach}}}", 1))
    [mistake] = place.mistakes()
    assert mistake.startswith("/casbd.yaml:5:")
    assert told in mistake


@pytest.mark.parametrize(
    ("app", "told"),
    [("AWS", ""), ("aws", ""), ("Microsoft *", ""), ("Amazon", "no activity has the app `Amazon`"), ("Oktaa", "did you mean `Okta`?")],
)
def test_an_app_that_there_is_not_is_warned_of(place, app, told):
    place.configuration.write_text(CONFIGURATION.replace("[/bin/true]}", f"[/bin/true], app: {app}}}", 1))
    warned = [str(warning) for warning in place.engine().doubts if "no activity has the app" in warning.message]
    assert len(warned) == bool(told)
    assert told in "".join(warned)
    assert all(":5:" in one for one in warned)


@pytest.mark.parametrize(
    ("inputs", "reach", "warned"),
    [
        ("instance: a}, {name: other, path: other/*, instance: b", "", True),
        ("instance: a}, {name: other, path: other/*, instance: b", ", domains: [contoso.com]", False),
        ("instance: a}, {name: other, path: other/*, instance: a", "", False),
    ],
)
def test_of_several_tenants_a_connector_that_takes_everybody_is_warned_of(place, inputs, reach, warned):
    text = CONFIGURATION.replace("path: in/*}", f"path: in/*, {inputs}}}").replace("[/bin/true]}", f"[/bin/true]{reach}}}", 1)
    place.configuration.write_text(text)
    place.rule.write_text(RULE + SUSPEND)
    assert any("takes everybody's address" in warning.message for warning in place.engine().doubts) is warned


def test_a_policy_that_is_switched_off_asks_for_nothing(place):
    place.rule.write_text(RULE + SUSPEND)
    engine = place.engine()
    command = GovernanceCommand(
        command_id="c", action="suspend_user", connector="all", target="b@contoso.com", status="queued", policy_id="failed", created=NOON
    )
    assert engine.rails.why_no_longer(command, NOON) == ""
    place.rule.write_text(RULE + SUSPEND + "enabled: false\n")
    assert place.engine().rails.why_no_longer(command, NOON) == "the policy failed is disabled by now"
