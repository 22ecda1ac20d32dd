"""A look back reads less than everything, and raises what everything raises."""

import shutil
import tempfile
from pathlib import Path

import pytest
from builders import MINUTE, NOON, load_rules
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.activity_log import ActivityLog
from casbd.backtest import trial
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

FAILED, LOG_ON = {"activity_type": {"eq": "Failed log on"}}, {"activity_type": {"eq": "log on"}}
RULES = {
    "each": {"filters": {"user": {"eq": "ann"}}},
    "by-user": {"filters": FAILED, "match": {"repeated": 3, "within": "10m"}},
    "by-both": {"filters": FAILED, "match": {"repeated": 2, "within": "10m", "by": ["user", "ip_port"]}},
    "different": {"filters": FAILED, "match": {"repeated": 2, "within": "10m", "by": "ip_port", "unique": "user"}},
    "apart": {"filters": FAILED, "match": {"repeated": 2, "within": "10m", "single_app": True}},
    "guessed": {"filters": {"user": {"isset": True}}, "match": {"sequence": [FAILED | {"repeated": 2}, LOG_ON], "within": "20m"}},
    "any-order": {"match": {"sequence": [FAILED, LOG_ON], "within": "5m", "any_order": True, "by": "ip_port"}},
    "by-a-path": {"filters": FAILED, "match": {"repeated": 2, "within": "10m", "by": "raw.who"}},
    "in-the-record": {"filters": {"raw.who": {"eq": "straße"}}, "match": {"repeated": 2, "within": "10m"}},
    "by-id": {"filters": FAILED, "match": {"repeated": 2, "within": "10m", "by": ["user_id", "user"]}},
    "lately": {"filters": {"timestamp": {"within_days": 1}}, "match": {"repeated": 2, "within": "10m"}},
}
activity = st.builds(
    lambda minute, kind, user, port, who: Activity(
        timestamp=NOON + minute * MINUTE,
        activity_type=kind,
        user=user,
        user_id=who or None,
        ip_port=port,
        app="X" if port else None,
        app_instance="1" if port == 1 else None,
        raw=f'{{"who": "{who}"}}',
    ),
    st.integers(0, 60),
    st.sampled_from(["Failed log on", "Log on", "Other"]),
    st.sampled_from([None, "ann", "ANN", "straße", "STRASSE", "ann@x.org", "ANN@X.org.", "ann_x.org#EXT#@y.org", "\uff41nn@x.org"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from(["ann", "straße", "strasse", ""]),
)
some_blocks = st.lists(st.tuples(st.lists(activity, min_size=1, max_size=8), st.booleans()), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    return load_rules(tmp_path_factory.mktemp("rules"), RULES)


@settings(max_examples=120)
@given(some_blocks, st.none() | st.integers(0, 60), st.none() | st.integers(0, 60))
def test_the_alerts_are_those_of_everything(policies, given_blocks, since, until):
    since, until = (end if end is None else NOON + end * MINUTE for end in (since, until))
    everything: list[Activity] = []
    directory = Path(tempfile.mkdtemp(prefix="casbd-look-back-"))
    with Store(directory) as store:
        store.connection.execute("PRAGMA synchronous = OFF")
        packer = Packer()
        for made, compacted in given_blocks:
            for one in made:
                one.activity_id = f"id-{len(everything)}"
                everything.append(one)
            packer.begin()
            packer.add(made)
            with store.transaction() as connection:
                blocks.add(connection, packer, [packer.part([1] * len(made))], 0)
            if compacted:
                segments.compact(store, at_least=1)
        log = ActivityLog(store)
        low, high = blocks.span(since, until)
        asked = [one for one in everything if low <= one.timestamp <= high]
        for policy in policies:
            found = trial.alerts_of(policy, log.matching(policy, since, until), lambda: NOON)
            assert found == trial.alerts_of(policy, asked, lambda: NOON), policy.id
        assert log.looked_at == len(asked) * len(policies)
    shutil.rmtree(directory)
