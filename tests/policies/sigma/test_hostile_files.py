"""Whatever stands in a Sigma file is that file's own mistake at most."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma_rule_files import ids, met, rule

from casbd.policies.explain import sentence
from casbd.policies.loading import load_rule_set
from casbd.policies.sigma import is_sigma

values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 5), st.sampled_from(["x", "first", "any", "", "1 of them", "s | count() > 5", "%a%", "*"])
    ),
    lambda inside: st.one_of(
        st.lists(inside, max_size=2), st.dictionaries(st.sampled_from(["eventName", "s", "rules", "|all"]), inside, max_size=2)
    ),
    max_leaves=4,
)


WHOLE = {
    "title": "T",
    "id": "i",
    "name": "n",
    "level": "low",
    "tags": ["t"],
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {"s": {"eventName": "x"}, "timeframe": "5m", "condition": "s"},
    "correlation": {
        "type": "temporal",
        "rules": ["first", "n"],
        "group-by": ["who"],
        "timespan": "5m",
        "aliases": {"who": {"first": "eventName"}},
        "condition": {"gte": 2, "field": "who"},
    },
    "filter": {"rules": ["first"], "s": {"eventName": "x"}, "condition": "not s"},
    "action": "global",
}


@st.composite
def documents(draw):
    """A Sigma document with some of what it may have, and something else in one place."""
    given = copy.deepcopy({key: WHOLE[key] for key in draw(st.lists(st.sampled_from([*WHOLE]), unique=True, min_size=3))})
    place, key = given, draw(st.sampled_from([*given]))
    while isinstance(place[key], dict) and draw(st.booleans()):
        place = place[key]
        key = draw(st.sampled_from([*place]))
    place[key] = draw(values)
    return given


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents(), min_size=1, max_size=3))
def test_whatever_stands_in_a_sigma_file_is_its_own_mistake_at_most(tmp_path, several):
    (tmp_path / "a.yml").write_text(rule("first"))
    (tmp_path / "b.yml").write_text("---\n".join(f"{json.dumps(document)}\n" for document in several))
    if not any(map(is_sigma, several)):
        return
    found = load_rule_set([tmp_path])
    assert "a" in ids(found) or "first" in json.dumps([document.get("correlation") for document in several])
    for policy in found.policies:
        met(policy, "x")
        assert sentence(policy)
    assert not any("cannot be read" in mistake.message for mistake in found.unusable), found.unusable
