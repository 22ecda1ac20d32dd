"""What an alert says of its activities: whole sentences, the same in any order of records and any cut into batches."""

import json
from typing import ClassVar

import pytest
from builders import MINUTE, NOON, load_rules, record, repeated

from casbd.activity_log import ActivityLog
from casbd.alerting.evidence import LONGEST
from casbd.backtest.stored_log import would_have_raised
from casbd.backtest.trial import alerts_of
from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.policies import loading

SECOND = 1000
LOG_ON = {"Operation": "UserLoggedIn"}


def at(*seconds, **fields):
    return [record(at=second * SECOND, **fields) for second in seconds]


def sentence(make_core, rules, *records):
    """The one alert's evidence; fed all at once, one by one, and looked back at."""
    cores = [make_core(name, rules=rules) for name in ("together", "apart")]
    cores[0].feed_records(*records)
    for one in records:
        cores[1].feed_records(one)
    found = {one.evidence for core in cores for one in core.alerts() if one.merged_into is None}
    found |= {one.evidence for one in would_have_raised(cores[0].policies[0], ActivityLog(cores[0].store), None, None)}
    (said,) = found
    return said


class TestRepeated:
    def test_of_one_user(self, make_core):
        said = sentence(make_core, repeated(3, "5m"), *at(0, 30, ClientIP="81.2.69.160"), *at(252))
        assert said == "3 failed log ons to Microsoft Entra ID in 4 min 12 s from 2 addresses"

    def test_countries_are_named(self, tmp_path):
        (policy,) = load_rules(tmp_path, repeated(11, "5m"))
        places = [("203.0.113.7", "NO"), ("203.0.113.8", "SE"), ("2001:db8::1", None)] * 4
        activities = [
            Activity(NOON + n * 25_200, f"{n}", "Failed log on", app="Okta", user="a@b.no", ip_address=address, country=country)
            for n, (address, country) in enumerate(places[:11])
        ]
        (alert,) = alerts_of(policy, activities, lambda: NOON)
        assert alert.evidence == "11 failed log ons to Okta in 4 min 12 s from 3 addresses in 2 countries (NO and SE)"

    def test_by_address_the_users_are_named(self, make_core):
        records = [record(at=number * MINUTE, UserId=f"user{number}@contoso.com") for number in range(5)]
        said = sentence(make_core, repeated(5, "5m", by="ip_address", unique="user"), *records)
        names = "user0@contoso.com, user1@contoso.com, user2@contoso.com and 2 more"
        assert said == f"5 failed log ons by 5 users ({names}) to Microsoft Entra ID in 4 min from 203.0.113.7"

    def test_of_more_different_ones_than_are_kept(self, make_core):
        records = [record(at=number * SECOND, UserId=f"user{number:02}@contoso.com") for number in range(60)]
        said = sentence(make_core, repeated(5, "5m", by="ip_address"), *records)
        names = "user00@contoso.com, user01@contoso.com, user02@contoso.com and others"
        assert said == f"60 failed log ons by more than 50 users ({names}) to Microsoft Entra ID in 59 s from 203.0.113.7"

    def test_different_values_of_a_field_are_named(self, make_core):
        records = [record(at=number * SECOND, UserAgent=f"agent {number}") for number in range(4)]
        said = sentence(make_core, repeated(3, "5m", unique="user_agent"), *records)
        values = "4 different values of user agent (agent 0, agent 1, agent 2 and 1 more)"
        assert said == f"4 failed log ons with {values} to Microsoft Entra ID in 3 s from 203.0.113.7"

    def test_files_are_named(self, make_core):
        fields = {"Operation": "FileDownloaded", "Workload": "SharePoint", "RecordType": 6}
        rule = {"filters": {"activity_type": {"eq": "Download file"}}}
        records = [record(at=n * 100, SourceFileName=f"a {n}.docx", ObjectId=f"https://x/a {n}.docx", **fields) for n in range(4)]
        said = sentence(make_core, repeated(4, "5m", unique="object_id", **rule), *records)
        objects = '4 objects ("a 0.docx", "a 1.docx", "a 2.docx" and 1 more)'
        assert said == f"Download file 4 times on {objects} in Microsoft SharePoint Online within a second from 203.0.113.7"

    def test_what_is_counted_by_another_field_is_named(self, make_core):
        records = at(0, 1, DeviceName="laptop 7")
        said = sentence(make_core, repeated(2, "5m", by="raw.DeviceName"), *records)
        assert (
            said == "2 failed log ons by a@contoso.com to Microsoft Entra ID for DeviceName in the record laptop 7 in 1 s from 203.0.113.7"
        )

    def test_a_flood_counts_all_and_tells_what_it_knows(self, make_core):
        core = make_core(rules=repeated(1200, "1h"))
        core.feed_records(*at(*range(1300)))
        (alert,) = core.alerts()
        others = "and perhaps others"
        assert alert.evidence == f"1,300 failed log ons to Microsoft Entra ID {others} in 21 min 39 s from 203.0.113.7 {others}"


class TestSequences:
    RULE: ClassVar = {
        "guessed": {
            "filters": {"app": {"isset": True}},
            "match": {
                "sequence": [{"activity_type": {"eq": "Failed log on"}, "repeated": 3}, {"activity_type": {"eq": "Log on"}}],
                "within": "1h",
            },
        }
    }

    def test_numbers_of_each_step(self, make_core):
        records = [*at(0, 10, 20, 30), *at(40, **LOG_ON, ClientIP="81.2.69.160")]
        said = sentence(make_core, self.RULE, *records)
        assert said == "4 failed log ons to Microsoft Entra ID from 203.0.113.7, then a successful one from 81.2.69.160, in 40 s"

    def test_by_address_it_says_whose_log_on_succeeded(self, make_core):
        rule = {"guessed": self.RULE["guessed"] | {"match": self.RULE["guessed"]["match"] | {"by": "ip_address"}}}
        records = [*(record(at=n * SECOND, UserId=f"{n}@contoso.com") for n in range(3)), *at(9, **LOG_ON, UserId="1@contoso.com")]
        said = sentence(make_core, rule, *records)
        failed = "3 failed log ons by 3 users (0@contoso.com, 1@contoso.com and 2@contoso.com) to Microsoft Entra ID from 203.0.113.7"
        assert said == f"{failed}, then a successful one by 1@contoso.com, in 9 s"

    def test_steps_of_other_kinds(self, make_core):
        steps = [{"activity_type": {"eq": "Failed log on"}}, {"action_type": {"eq": "Set-Mailbox"}}]
        rule = {"any": {"filters": {"app": {"isset": True}}, "match": {"sequence": steps, "within": "1h", "any_order": True}}}
        changed = {"Operation": "Set-Mailbox", "Workload": "Exchange", "RecordType": 1, "ObjectId": "anna", "ClientIP": None}
        said = sentence(make_core, rule, *at(5), *at(0, **changed))
        assert said.startswith("a failed log on to Microsoft Entra ID from 203.0.113.7, and ")
        assert said.endswith('"anna" in Microsoft Exchange Online, in 5 s')

    def test_of_a_flood_the_steps_numbers_are_all_of_them(self, make_core):
        core = make_core(rules=self.RULE)
        core.feed_records(*at(*range(1500)))
        core.feed_records(*at(1500, **LOG_ON))
        (alert,) = core.alerts()
        assert alert.evidence.startswith("1,500 failed log ons to ")
        assert ", then 1,500 " not in alert.evidence


class TestSingle:
    def test_what_was_done_and_why_not(self, make_core):
        core = make_core("one", rules={"one": {}})
        core.feed_records(*at(0, LogonError="InvalidPassword"))
        (alert,) = core.alerts()
        assert alert.evidence == "a failed log on to Microsoft Entra ID from 203.0.113.7 (InvalidPassword)"

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"activity_type": "Download file", "object_name": "a.docx"}, 'Download file "a.docx" in Box from 203.0.113.7 (NO)'),
            ({"action_type": "PutObject", "ip_address": None}, "PutObject in Box from NO"),
            ({"action_type": "X", "result": "failure", "app": None}, "X from 203.0.113.7 (NO), which failed"),
            ({"action_type": "X", "result": "failure", "result_detail": "denied"}, "X in Box from 203.0.113.7 (NO), which failed (denied)"),
            ({"activity_type": "Unspecified", "ip_address": None, "app": None}, "1 activity from NO"),
        ],
    )
    def test_what_is_not_known_is_left_out(self, tmp_path, fields, said):
        (policy,) = load_rules(tmp_path, {"one": {"filters": {"activity_id": {"eq": "x"}}}})
        common = {"app": "Box", "ip_address": "203.0.113.7", "country": "NO", "user": "a"}
        (alert,) = alerts_of(policy, [Activity(NOON, "x", **(common | fields))], lambda: NOON)
        assert alert.evidence == said


class TestRuleFiles:
    TEXT = 'gave {raw.ModifiedProperties."Role.DisplayName"}[ to {raw.Target}]'

    def rule(self, **more):
        return {"one": {"alert": {"title": "Role of {user}", "evidence": self.TEXT}} | more}

    def role(self, name, second=0, **fields):
        properties = [{"Name": "Role.DisplayName", "OldValue": "", "NewValue": json.dumps(name)}]
        return record(at=second * SECOND, ModifiedProperties=properties, **fields)

    def test_their_words_stand_in_the_place_of_the_kinds(self, make_core):
        core = make_core(rules=self.rule())
        core.feed_records(self.role("Global Administrator", Target="anna@contoso.com"))
        (alert,) = core.alerts()
        assert (alert.title, alert.evidence) == ("Role of a@contoso.com", "gave Global Administrator to anna@contoso.com")

    def test_without_what_must_be_known_the_kinds_own_stand_there(self, make_core):
        core = make_core(rules=self.rule())
        core.feed_records(record())
        (alert,) = core.alerts()
        assert alert.evidence == "a failed log on to Microsoft Entra ID from 203.0.113.7"

    def test_of_several_activities_the_numbers_stand_behind_them(self, make_core):
        records = [self.role(name, second) for second, name in enumerate(["Reader", "Owner", "Reader"])]
        said = sentence(make_core, self.rule(match={"repeated": 2, "within": "5m"}), *records)
        assert said == "gave Reader and Owner; 3 failed log ons to Microsoft Entra ID in 2 s from 203.0.113.7"

    def test_exchanges_names_are_short(self, make_core):
        rule = {"one": {"alert": {"evidence": "opened {raw.Identity} of {raw.Owner}"}}}
        folder = "NAMPR06A007.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com/"
        named = {"Identity": folder + "Anna Berg", "Owner": "Microsoft Exchange Hosted Organizations/x"}
        said = sentence(make_core, rule, record(**named))
        assert said == "opened Anna Berg of Microsoft Exchange Hosted Organizations/x"

    def test_what_is_hostile_is_one_bounded_line(self, make_core):
        core = make_core(rules=self.rule())
        core.feed_records(self.role("\x1b[31m\u202e" + "x" * 5000, Target="a\r\nb\0" * 400))
        (alert,) = core.alerts()
        assert alert.evidence.isprintable()
        assert len(alert.evidence) <= LONGEST
        assert alert.evidence.startswith("gave [31m xxxx")


SIGMA = """\
title: Failed log ons
logsource: {product: m365, service: audit}
detection:
  selection: {Operation: UserLoginFailed}
  condition: selection
alert:
  evidence: "was {raw.Operation}[ in {raw.Nowhere}]"
"""


def test_a_sigma_file_may_have_words_too(make_core):
    core = make_core(rules={})
    (core.directory / "rules" / "sigma.yml").write_text(SIGMA)
    core.use(loading.load([core.directory / "rules"]))
    core.feed_records(*at(0))
    assert [alert.evidence for alert in core.alerts()] == ["was UserLoginFailed"]
    (core.directory / "rules" / "sigma.yml").write_text(SIGMA.replace("[ in", "[[ in"))
    with pytest.raises(Mistakes, match=r"sigma.yml:7:13: `alert.evidence`: `\]` at character 39 has no other half"):
        loading.load([core.directory / "rules"])
