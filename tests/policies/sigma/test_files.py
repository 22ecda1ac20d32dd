"""Directories of Sigma rules: one that cannot be used holds nobody back, and several rules in one file are several policies."""

from pathlib import Path

import pytest
from sigma_rule_files import ids, met, rule

from casbd.errors import Mistakes
from casbd.policies.loading import load, load_all_of, load_rule_set

OWN = "name: own\nfilters: {user: {eq: a}}\n"


@pytest.fixture
def rules(tmp_path):
    """Writes rule files, and reads the directory."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.yml").write_text(text)
        return load_rule_set([tmp_path])

    return write


class TestUnusable:
    @pytest.mark.parametrize(
        ("text", "line", "why"),
        [
            (rule("bad").replace("eventName", "eventNam"), 4, "`eventNam` is not known"),
            (rule("bad").replace("eventName", "eventName|containz"), 4, "Unknown modifier"),
            (rule("bad", source="product: windows, service: security"), 3, "windows/security"),
            (rule("bad", more="level: severe\n"), 5, "`level` is never"),
            (rule("bad", more="tests: 5\n"), 5, "`tests`"),
            (rule("bad", more="title: again\n"), 5, "duplicate key `title`"),
            (rule("bad", more="x: !secret y\n"), 5, "the tag"),
            (rule("bad") + "---\n\t- no YAML\n", 6, "indent|tab|token"),
            (rule("bad") + "---\nname: own\nfilters: {}\n", 6, "this is no Sigma rule"),
            (rule("bad").replace("condition: s", "condition: t"), 4, "'t' not defined"),
            ("title: bad\nlogsource: [1]\ndetection: {}\n", 2, "`logsource` must be there"),
        ],
    )
    def test_holds_no_other_back_and_is_told_with_its_place(self, rules, text, line, why):
        found = rules(bad=text, good=rule("good"), own=OWN)
        assert ids(found) == ["good", "own"]
        [mistake, *_] = found.unusable
        assert (Path(mistake.file).name, mistake.line) == ("bad.yml", line)
        assert mistake.column >= 1
        assert any(word in str(mistake) for word in why.split("|"))

    def test_a_mistake_in_casbds_own_files_holds_all_back_and_both_are_told(self, rules):
        with pytest.raises(Mistakes) as caught:
            rules(bad=rule("bad", more="level: severe\n"), own="name: own\nfilters: {usr: {eq: a}}\n")
        assert [Path(mistake.file).name for mistake in caught.value.mistakes] == ["bad.yml", "own.yml"]

    def test_what_is_no_yaml_may_be_anybodys(self, rules):
        with pytest.raises(Mistakes, match="no `key: value` can stand here"):
            rules(bad="title: a: b\nlogsource: x\n", good=rule("good"))

    def test_is_a_mistake_like_any_other_where_all_must_be_right(self, rules, tmp_path):
        rules(bad=rule("bad", more="level: severe\n"))
        with pytest.raises(Mistakes, match="never `severe`"):
            load([tmp_path])

    def test_a_correlation_of_such_a_rule_is_one_too_and_says_why(self, rules):
        body = "{type: event_count, rules: [good, bad], timespan: 5m, condition: {gte: 2}}"
        found = rules(
            base=rule("bad").replace("eventName", "eventNam"),
            both=f"title: C\ncorrelation: {body}\n",
            good=rule("good"),
            other=rule("other"),
        )
        assert ids(found) == ["other"]  # `good` raises no alert of its own, as its author wanted
        base, both = found.unusable
        assert (Path(base.file).name, base.line) == ("base.yml", 4)
        assert (Path(both.file).name, both.line, both.message) == ("both.yml", 2, "the rule `bad` cannot be used")
        assert f"{base.file}:4:17" in both.hint

    def test_an_exception_for_it_is_no_mistake(self, rules, tmp_path):
        (tmp_path / "exceptions.yaml").write_text(
            "exceptions: [{policy: [bad, bad-2], filters: {user: {eq: x}}, reason: r, expires: never}]\n"
        )
        found = rules(bad=rule("bad", more="level: severe\n") + "---\n" + rule("second"), good=rule("good"))
        assert ids(found) == ["good"]

    def test_its_id_is_taken_all_the_same(self, rules, tmp_path):
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "bad.yml").write_text(rule("twin"))
        with pytest.raises(Mistakes, match="the id `bad` is used twice"):
            rules(bad=rule("bad", more="level: severe\n"))


class TestSeveralInOneFile:
    def test_each_rule_is_a_policy(self, rules):
        found = rules(two=f"{rule('first')}---\n{rule('second', 'y', 'level: low')}", other=rule("other"))
        assert [(policy.id, policy.name, policy.severity) for policy in found.policies] == [
            ("other", "other", "medium"),
            ("two", "first", "medium"),
            ("two-2", "second", "low"),
        ]
        assert [policy.line for policy in found.policies] == [1, 1, 6]

    def test_an_id_that_another_file_has_too(self, rules):
        with pytest.raises(Mistakes, match="the id `two-2` is used twice"):
            rules(**{"two": f"{rule('first')}---\n{rule('second')}", "two-2": OWN})

    def test_what_is_wrong_in_one_of_them_is_the_files_mistake(self, rules):
        found = rules(two=f"{rule('first')}---\n{rule('second', more='level: severe')}")
        assert (found.policies, [mistake.line for mistake in found.unusable]) == ([], [10])

    @pytest.mark.parametrize("where", ["correlation: {generate: true, ", "generate: true\ncorrelation: {"])
    def test_rules_of_a_correlation_that_generates_alert_as_well(self, rules, where):
        body = "type: event_count, rules: [base], timespan: 5m, condition: {gte: 2}}\n"
        assert ids(rules(c=f"title: C\n{where}{body}---\n{rule('base')}")) == ["c", "c-2"]
        assert ids(rules(c=f"title: C\n{where.replace('true', 'false')}{body}---\n{rule('base')}")) == ["c"]

    def test_marks_of_windows_and_empty_documents(self, rules, tmp_path):
        text = f"\ufeff---\n{rule('first')}---\n# nothing\n---\n{rule('second')}...\n---\n"
        (tmp_path / "crlf.yml").write_bytes(text.replace("\n", "\r\n").encode())
        (tmp_path / "joined.yml").write_bytes(f"\ufeff{rule('first')}\ufeff---\n{rule('second')}".encode())
        assert ids(rules()) == ["crlf", "crlf-2", "joined", "joined-2"]


class TestActions:
    def test_what_a_global_document_says_all_have(self, rules):
        found = rules(
            old="action: global\ntitle: Old\nlevel: low\nlogsource: {product: aws, service: cloudtrail}\ndetection: {condition: s}\n"
            "---\ndetection: {s: {eventName: a}}\n---\nlevel: high\ndetection: {s: {eventName: b}}\n"
        )
        assert [(policy.id, policy.name, policy.severity) for policy in found.policies] == [("old", "Old", "low"), ("old-2", "Old", "high")]
        assert [met(policy, "a") for policy in found.policies] == [True, False]
        assert [met(policy, "b") for policy in found.policies] == [False, True]

    def test_a_rule_is_repeated_with_something_else_and_what_is_global_ends(self, rules):
        found = rules(
            old=f"action: global\nlevel: low\n---\n{rule('first', 'a')}---\naction: repeat\ntitle: again\n"
            f"detection: {{s: {{eventName: b}}}}\n---\naction: reset\n---\n{rule('third', 'c')}"
        )
        assert [(policy.name, policy.severity) for policy in found.policies] == [("first", "low"), ("again", "low"), ("third", "medium")]
        assert [met(policy, "b") for policy in found.policies] == [False, True, False]

    def test_a_mistake_is_told_where_it_stands(self, rules):
        found = rules(old=f"action: global\nlevel: severe\n---\n{rule('first', 'a')}")
        assert [(mistake.line, mistake.column) for mistake in found.unusable] == [(2, 8)]


class TestFilters:
    FILTER = (
        "title: Not the backup\nlogsource: {{{source}}}\n"
        "filter:\n  rules: {rules}\n  selection: {{userIdentity.userName: backup}}\n  condition: {condition}\n"
    )

    def filter(self, *, source="product: aws, service: cloudtrail", rules="[first]", condition="not selection"):
        return self.FILTER.format(source=source, rules=rules, condition=condition)

    @pytest.mark.parametrize(
        ("given", "filtered"),
        [
            ({}, True),
            ({"rules": "first"}, True),
            ({"rules": "any"}, True),
            ({"rules": "[]"}, True),
            ({"source": "product: aws"}, True),
            ({"source": "product: okta", "rules": "any"}, False),
            ({"rules": "[second]"}, False),
            ({"condition": "not 1 of them"}, True),
        ],
    )
    def test_adds_its_condition_to_the_rules_that_it_is_for(self, rules, given, filtered):
        found = rules(a=rule("first"), b=rule("second"), f=self.filter(**given))
        assert (ids(found), found.unusable) == (["a", "b"], [])
        assert met(found.policies[0], "x")
        assert met(found.policies[0], "x", "backup") is not filtered

    def test_the_rules_of_a_correlation_are_filtered_too(self, rules):
        body = "{type: event_count, rules: [first], timespan: 5m, condition: {gte: 2}}"
        found = rules(a=rule("first"), c=f"title: C\ncorrelation: {body}\n", f=self.filter())
        assert ids(found) == ["c"]
        assert not met(found.policies[0], "x", "backup")

    def test_a_filter_that_is_wrong_is_told_and_not_applied(self, rules):
        wrong = self.filter(rules="any").replace("userIdentity", "userIdentit")
        found = rules(a=rule("first"), b=rule("second"), f=wrong)
        assert ids(found) == ["a", "b"]
        assert [(Path(mistake.file).name, mistake.line) for mistake in found.unusable] == [("f.yml", 5)]
        assert met(found.policies[0], "x", "backup")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("title: F\nlogsource: {product: aws}\nfilter: 5\n", "is a mapping"),
            ("title: F\nlogsource: {product: aws}\nfilter: {s: {eventName: x}, condition: s}\n", "needs `rules`"),
            ("title: F\nlogsource: 5\nfilter: {rules: any, s: {eventName: x}, condition: s}\n", "`logsource` must be there"),
            ("title: F\nlogsource: {product: aws}\nfilter: {rules: any, s: {eventName: x}}\n", "`condition` is missing"),
        ],
    )
    def test_a_filter_that_has_another_shape(self, rules, text, why):
        found = rules(a=rule("first"), f=text)
        assert (ids(found), len(found.unusable)) == (["a"], 1)
        assert why in str(found.unusable[0])

    def test_a_filter_for_a_rule_that_is_not_there_is_told(self, rules):
        found = rules(a=rule("first"), f=self.filter(rules="[first, frist]"))
        assert [str(note).rpartition("f.yml")[2] for note in found.notes] == [":4:3: there is no Sigma rule `frist` for this filter"]
        assert not met(found.policies[0], "x", "backup")

    def test_one_file_alone_is_filtered_by_the_others(self, rules, tmp_path):
        rules(a=rule("first"), f=self.filter())
        paths = [*tmp_path.iterdir()]
        [policy] = load_all_of(tmp_path / "a.yml", others=paths)
        assert not met(policy, "x", "backup")
        with pytest.raises(Mistakes, match="no policy of its own"):
            load_all_of(tmp_path / "f.yml", others=paths)


@pytest.mark.parametrize("product", ["aws", "okta", "m365", "github"])
def test_a_product_alone_is_enough_where_it_has_one_kind_of_records(rules, product):
    field = "eventName" if product in ("aws", "m365") else "eventType" if product == "okta" else "action"
    assert rules(a=rule("a", source=f"product: {product}").replace("eventName", field)).unusable == []


@pytest.mark.parametrize("source", ["product: azure", "product: gcp", "category: cloud", "definition: x"])
def test_a_log_source_that_could_be_several_is_told(rules, source):
    assert "is not known" in rules(a=rule("a", source=source)).unusable[0].message
