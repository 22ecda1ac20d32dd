"""The facts of which evidence is made are kept with the alert: in any order, over restarts, and as long as it is there."""

from typing import ClassVar

import pytest
from builders import MINUTE, NOON, Core, chunk, load_rules, record, repeated
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.alerting.evidence import Witness
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.store.log import segments

SECOND = 1000


def at(*seconds, **fields):
    return [record(at=second * SECOND, **fields) for second in seconds]


class TestAnyOrder:
    RULES: ClassVar = {
        "burst": {"match": {"repeated": 3, "within": "4m"}},
        "spray": {"match": {"repeated": 2, "within": "4m", "by": "ip_address", "unique": "user"}, "alert": {"evidence": "by {raw.UserId}"}},
        "each": {"alert": {"each": "2m", "title": "{user}: {raw.Id}", "evidence": "with {raw.ClientIP}[ in {raw.Nowhere}]"}},
        "guessed": {
            "filters": {"app": {"isset": True}},
            "match": {
                "sequence": [{"activity_type": {"eq": "Failed log on"}, "repeated": 2}, {"activity_type": {"eq": "Log on"}}],
                "within": "5m",
            },
        },
    }
    ONE = st.tuples(
        st.integers(0, 40),
        st.sampled_from(["a@contoso.com", "b@contoso.com"]),
        st.sampled_from(["81.2.69.160", "89.160.20.112", "203.0.113.7"]),
        st.sampled_from(["UserLoginFailed", "UserLoginFailed", "UserLoggedIn"]),
    )

    @settings(max_examples=10)
    @given(st.lists(ONE, min_size=1, max_size=30), st.randoms(use_true_random=False))
    def test_any_order_and_any_batches_give_the_same_sentences(self, tmp_path_factory, several, chance):
        records = [
            record(at=minute * MINUTE, Id=f"{number}", UserId=user, ClientIP=address, Operation=operation)
            for number, (minute, user, address, operation) in enumerate(several)
        ]
        cores = [Core(tmp_path_factory.mktemp("order"), rules=self.RULES) for _ in range(2)]
        cores[0].feed_records(*records)
        rest = chance.sample(records, len(records))
        while rest:
            size = chance.randint(1, 8)
            cores[1].feed(*(chunk([one]) for one in rest[:size]))
            rest = rest[size:]
            if chance.random() < 0.2:
                segments.compact(cores[1].store, at_least=1)
            if chance.random() < 0.2:
                cores[1].reopen()
        assert said(cores[0]) == said(cores[1])
        for core in cores:
            core.close()


def said(core):
    alerts = [one for one in core.alerts() if one.merged_into is None]
    return sorted((one.policy_id, one.user or "", one.first_activity - NOON, one.title, one.evidence) for one in alerts)


def test_what_a_file_is_asked_for_is_all_that_is_told(tmp_path):
    rule = {"match": {"repeated": 2, "within": "5m", "by": ["user", "isp"]}, "alert": {"evidence": "{raw.a} {timestamp} {user_groups}"}}
    (policy,) = load_rules(tmp_path, {"one": rule})
    things = (ActivityObject("id", None, "User"), ActivityObject("other", "name", "File"))
    texts = {name: "x" for name, field in FIELDS.items() if field.kind in ("text", "choice")}
    whole = Activity(**(texts | {"timestamp": NOON, "raw": '{"a": 1}', "user_groups": ("g",), "objects": things}))
    for activity in (whole, replace(whole, object_name=None, activity_type="Unspecified", result="failure")):
        witness = Witness(policy)
        asked = Activity(**{field: getattr(activity, field) for field in witness.fields})
        assert witness.told(asked) == witness.told(activity)


def test_what_retention_has_removed_is_not_made_up(make_core):
    core = make_core(rules=repeated(3, "5m"))
    core.feed_records(*at(0, ClientIP="81.2.69.160"))
    core.feed_records(*at(1))
    core.store.connection.execute("DELETE FROM blocks WHERE first = ?", (NOON,))
    core.feed_records(*at(2))
    (alert,) = core.alerts()
    others = "and perhaps others"
    assert alert.evidence == f"3 failed log ons to Microsoft Entra ID {others} in 2 s from 203.0.113.7 {others}"


def test_an_alert_that_an_older_casbd_raised_stays_as_it_was(make_core):
    core = make_core(rules=repeated(2, "5m"))
    core.feed_records(*at(0, 1))
    core.store.connection.execute("DELETE FROM alert_facts")
    before = core.alerts()[0].evidence
    core.feed_records(*at(2))
    (alert,) = core.alerts()
    assert (alert.activity_count, alert.evidence) == (3, before)


def test_a_policy_that_got_other_words_says_what_it_can(make_core):
    rules = repeated(2, "5m")
    core = make_core(rules=rules)
    core.feed_records(*at(0, 1))
    rules["burst"]["alert"] = {"evidence": "as {raw.UserId}", "title": "Of {app}"}
    core.use(load_rules(core.directory / "rules", rules))
    core.feed_records(*at(2))
    (alert,) = core.alerts()
    numbers = "3 failed log ons to Microsoft Entra ID in 2 s from 203.0.113.7"
    assert (alert.title, alert.evidence) == ("Of Microsoft Entra ID", f"as a@contoso.com; {numbers}")


def test_with_an_alert_what_its_sentence_is_made_of_goes(make_core):
    core = make_core(rules=repeated(2, "5m"))
    core.feed_records(*at(0, 1))
    count = "SELECT count(*) FROM alert_facts"
    assert core.store.connection.execute(count).fetchone() == (1,)
    core.feed_records(*at(2))
    assert core.store.connection.execute(count).fetchone() == (1,)
    core.store.connection.execute("DELETE FROM alerts")
    assert core.store.connection.execute(count).fetchone() == (0,)


@pytest.mark.parametrize("mode", ["enforce", "simulate"])
def test_a_simulated_run_leaves_nothing(make_core, mode):
    core = make_core(rules=repeated(2, "5m", mode=mode))
    core.feed_records(*at(0, 1, 2))
    assert core.store.connection.execute("SELECT count(*) FROM alert_facts").fetchone() == (int(mode == "enforce"),)
