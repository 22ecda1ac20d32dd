from pathlib import Path

import pytest

from casbd.counting.repeated import Repeated
from casbd.errors import Mistakes
from casbd.filters.tree import AllOf, Condition
from casbd.model.activity import Activity
from casbd.policies.examples import BEGINNING, activities
from casbd.policies.loading import load, load_file
from casbd.policies.matcher import Matcher
from casbd.policies.policy import AlertOptions

# The rule file of the public interface (CONTRACT.md, section 2), word for word in what matters.
WHOLE = """
name: Multiple failed log on attempts to an app
description: A user fails to log on to one app more than ten times in five minutes.
severity: medium             # informational | low | medium | high
category: threat_detection
enabled: true
mode: enforce
filters:
  activity_type: {eq: Failed log on}
  ip_category: {neq: [Corporate, VPN]}
  country: {isset: true, neq: [NO, SE]}
match:
  repeated: 10
  within: 5m
  by: user
  single_app: true
  unique: object_id
alert:
  email: [soc@example.com]
  sms: ["+15550100"]
  daily_limit: 20
governance:
  - action: require_sign_in_again
    connector: entra
tags: [attack.t1110]
references: [https://example.com]
tests:
  - name: ten failures in five minutes
    activities: [{activity_type: Failed log on, user: a@example.com, repeat: 10, every: 10s}]
    alerts: 1
  - name: the office is exempt
    activities: [{activity_type: Failed log on, ip_category: Corporate, repeat: 50}]
    alerts: 0
"""


def policy(text, name="policy"):
    return load_file(Path(f"{name}.yaml"), None, text)


def test_a_whole_rule_file():
    found = policy(WHOLE)
    assert found.id == "policy"
    assert (found.severity, found.category, found.enabled, found.mode) == ("medium", "threat_detection", True, "enforce")
    assert found.match == Repeated(repeated=10, within=300_000, by=("user",), single_app=True, unique="object_id")
    assert found.alert == AlertOptions(daily_limit=20, email=("soc@example.com",), sms=("+15550100",))
    assert found.governance == (("require_sign_in_again", "entra"),)
    assert found.tags == ("attack.t1110",)
    assert found.filters == AllOf(
        (
            Condition("activity_type", "eq", ("Failed log on",)),
            Condition("ip_category", "eq", ("Corporate", "VPN"), negated=True),
            Condition("country", "isset"),
            Condition("country", "eq", ("NO", "SE"), negated=True),
        )
    )
    assert [(example.name, example.alerts) for example in found.tests] == [("ten failures in five minutes", 1), ("the office is exempt", 0)]


def test_what_may_be_left_out():
    found = policy("name: Least\nfilters: {user: {eq: a}}")
    assert (found.severity, found.category, found.enabled, found.mode, found.match) == ("medium", None, True, "enforce", None)
    assert found.alert == AlertOptions()


def test_norway_is_a_country():
    found = policy("name: x\nfilters: {country: {eq: NO}}")
    assert found.filters == Condition("country", "eq", ("NO",))


def test_several_fields_make_a_subject():
    found = policy("name: x\nfilters: {user: {isset: true}}\nmatch: {repeated: 2, within: 1d, by: [user, ip_address]}")
    assert found.match == Repeated(repeated=2, within=86_400_000, by=("user", "ip_address"))


@pytest.mark.parametrize("match", ["{repeated: 2, within: 1d, by: raw.x.**}", "{repeated: 2, within: 1d, unique: raw.**}"])
def test_every_value_is_no_subject_and_cannot_be_counted(match):
    with pytest.raises(Mistakes, match="`\\*\\*` is every value"):
        policy(f"name: x\nfilters: {{user: {{isset: true}}}}\nmatch: {match}")


class TestDigest:
    def test_changes_with_the_filters_and_the_counting(self):
        digests = {
            policy("name: x\nfilters: {user: {eq: a}}").digest,
            policy("name: x\nfilters: {user: {eq: b}}").digest,
            policy("name: x\nfilters: {user: {neq: a}}").digest,
            policy("name: x\nfilters: {user: {eq: a}, user_role: any}").digest,
            policy("name: x\nfilters: {user: {eq: a}}\nmatch: {repeated: 2, within: 1m}").digest,
            policy("name: x\nfilters: {user: {eq: a}}\nmatch: {repeated: 2, within: 2m}").digest,
            policy("name: x\nfilters: {any_of: [{user: {eq: a}}]}").digest,
        }
        assert len(digests) == 7

    def test_stays_with_another_name(self):
        one = policy("name: x\nfilters: {user: {eq: a}}")
        other = policy("name: y\nseverity: high\nalert: {daily_limit: 1}\nfilters:\n  user:\n    eq: a", "other")
        assert one.digest == other.digest


class TestFiles:
    def test_both_endings_in_all_subdirectories_in_the_order_of_ids(self, tmp_path):
        write(tmp_path / "b.yaml")
        write(tmp_path / "sub" / "deep" / "a.yml")
        write(tmp_path / "c.txt")
        assert [found.id for found in load([tmp_path])] == ["a", "b"]

    def test_hidden_files_are_an_editors_business(self, tmp_path):
        write(tmp_path / "a.yaml")
        write(tmp_path / ".#a.yaml")
        write(tmp_path / ".git" / "b.yaml")
        assert [found.id for found in load([tmp_path])] == ["a"]

    def test_overlapping_directories_do_not_make_duplicates(self, tmp_path):
        write(tmp_path / "sub" / "a.yaml")
        assert [found.id for found in load([tmp_path, tmp_path / "sub"])] == ["a"]

    def test_an_empty_directory_has_no_policies(self, tmp_path):
        assert load([tmp_path]) == []

    def test_a_duplicate_over_two_directories_is_told_at_both_files(self, tmp_path):
        write(tmp_path / "one" / "a.yaml")
        write(tmp_path / "two" / "a.yml")
        with pytest.raises(Mistakes) as caught:
            load([tmp_path / "one", tmp_path / "two"])
        assert [found.file for found in caught.value.mistakes] == [str(tmp_path / "one" / "a.yaml"), str(tmp_path / "two" / "a.yml")]

    def test_connectors_are_not_checked_unless_given(self, tmp_path):
        write(tmp_path / "a.yaml", "governance: [{action: suspend_user, connector: anything}]\n")
        assert load([tmp_path])[0].governance == (("suspend_user", "anything"),)
        with pytest.raises(Mistakes, match="unknown connector `anything`"):
            load([tmp_path], connectors={"entra": ["suspend_user"]})

    @pytest.mark.parametrize(
        ("action", "connector", "told"),
        [
            ("suspend_user", "entra", ""),
            ("suspnd_user", "entra", "the connector `entra` does not have the action `suspnd_user` (did you mean `suspend_user`?)"),
            ("expire_password", "entra", "does not have the action `expire_password` (allowed: require_sign_in_again, suspend_user)"),
            ("page_the_boss", "own", ""),
            ("page_the_bos", "own", "(did you mean `page_the_boss`?)"),
            (
                "page_the_boss",
                "entra",
                "(allowed: require_sign_in_again, suspend_user; one of your own stands in the connector's `actions`)",
            ),
            ("suspnd", "nowhere", "no connector has the action `suspnd` (did you mean `suspend_user`?)"),
            ("expire_password", "nowhere", "unknown connector `nowhere`"),
        ],
    )
    def test_an_action_is_one_that_its_connector_takes(self, tmp_path, action, connector, told):
        write(tmp_path / "a.yaml", f"governance:\n  - {{action: {action}, connector: {connector}}}\n")
        connectors = {"entra": ["suspend_user", "require_sign_in_again"], "own": ["page_the_boss"]}
        if not told:
            assert load([tmp_path], connectors)[0].governance == ((action, connector),)
            return
        with pytest.raises(Mistakes) as caught:
            load([tmp_path], connectors)
        assert told in str(caught.value)
        mistake = caught.value.mistakes[0]
        assert mistake.line == 4
        assert mistake.column == (14 if "action" in mistake.message else 14 + len(f"{action}, connector: "))


def write(path: Path, more: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"name: {path.name}\nfilters: {{user: {{eq: a}}}}\n{more}")


class TestExamples:
    def test_repetition_and_times(self):
        found = policy(
            """
name: x
filters: {user: {eq: a}}
tests:
  - name: times
    alerts: 0
    activities:
      - {user: a, repeat: 2, every: 10s}
      - {user: b, at: 1m}
      - {user: c, at: 2026-02-01T00:00:00Z}
"""
        )
        made = [activity for activity, _ in activities(found.tests[0])]
        assert [(activity.user, activity.timestamp - BEGINNING) for activity in made] == [
            ("a", 0),
            ("a", 10_000),
            ("b", 60_000),
            ("c", 31 * 86_400_000),
        ]
        assert len({activity.activity_id for activity in made}) == 4

    def test_repetitions_can_differ(self):
        test = "{name: t, alerts: 0, activities: [{object_id: 'file-{n}', activity_id: 'id-{n}', repeat: 3}]}"
        found = policy(f"name: x\nfilters: {{user: {{eq: a}}}}\ntests: [{test}]")
        made = [(activity.object_id, activity.activity_id) for activity, _ in activities(found.tests[0])]
        assert made == [("file-1", "id-1"), ("file-2", "id-2"), ("file-3", "id-3")]

    def test_objects_fill_in_the_first_object(self):
        found = policy(
            "name: x\nfilters: {user: {eq: a}}\ntests: [{name: t, alerts: 0, activities: [{objects: [{id: '1', name: n, type: File}]}]}]"
        )
        (made,) = [activity for activity, _ in activities(found.tests[0])]
        assert (made.object_id, made.object_name, made.object_type) == ("1", "n", "File")

    def test_a_raw_record_with_its_format_is_left_to_the_format(self):
        found = policy(
            "name: x\nfilters: {user: {eq: a}}\ntests: [{name: t, alerts: [{severity: high}], activities: [{raw: {Id: 1}, format: m365}]}]"
        )
        ((made, given),) = activities(found.tests[0])
        assert made is None
        assert (given.raw, given.format) == ('{"Id": 1}', "m365")
        assert (found.tests[0].alerts, found.tests[0].fields) == (1, ({"severity": "high"},))


def test_a_policy_can_be_looked_up_by_itself():
    # The pipeline keeps tuples of policies as keys.
    found = Matcher([policy(WHOLE)]).match(Activity(activity_type="Failed log on", country="DE"))
    assert {found: 1}[found] == 1


def test_filters_of_a_policy_that_looks_at_no_activity_are_a_mistake(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text("name: P\nseverity: high\ncategory: threat_detection\nmatch: {priority: 99}\nfilters: {user: {eq: a}}\n")
    with pytest.raises(Mistakes, match=r"rule\.yaml:5:1: `filters` are left out"):
        load_file(path)
