"""Sigma's correlations: what they mean as policies, and aliases of their fields."""

import json
from pathlib import Path

import pytest
from sigma_policies import AWS, policy

from casbd.backtest.trial import alerts_of
from casbd.counting.repeated import Repeated
from casbd.counting.sequenced import Sequenced
from casbd.counting.subject_sql import Subjects
from casbd.errors import Mistakes
from casbd.filters.tree import AnyOf
from casbd.model.activity import Activity
from casbd.policies.explain import sentence
from casbd.policies.loading import load, load_file

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
