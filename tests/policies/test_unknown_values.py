"""Values that no activity can have are told with their place, and no other value is."""

import pytest

from casbd.policies.unknown_values import unknown_values

KNOWN = {"activity_type": frozenset({"Log on", "Log out"}), "app": frozenset({"Microsoft Exchange Online", "Okta", "Other (*)"})}


@pytest.fixture
def told(tmp_path):
    def told(text, name="rule.yaml"):
        (tmp_path / name).write_text(text)
        return [str(one).removeprefix(f"{tmp_path}/") for one in unknown_values([tmp_path], KNOWN)]

    return told


def test_with_place_and_the_nearest_one(told):
    assert told("name: x\nfilters:\n  activity_type: {eq: [log ON, Logon]}\n  app: {neq: Exchange}\n") == [
        "rule.yaml:3:32: `activity_type` can be no `Logon`, so `eq` never holds for it (did you mean `Log on`?)",
        "rule.yaml:4:14: `app` can be no `Exchange`, so `neq` always holds for it (did you mean `Microsoft Exchange Online`?)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "filters: {app: {eq: okta}}",
        "filters: {app: {eq: other (thing)}}",
        "filters: {app: {substring: Exchange, matches: Exch, isset: true}}",
        "filters: {user: {eq: Exchange}}",
        "filters: {raw.app: {eq: Exchange}}",
        "filters: [app: {eq: Exchange}]",
        "filters: {app: [Exchange]}",
        "filters: {app: {eq: [1, null]}}",
        "match: {sequence: x}",
        "- Exchange",
        "title: a Sigma rule\nlogsource: {product: m365}\ndetection: {a: {app: Exchange}, condition: a}\nfilters: {app: {eq: Exchange}}",
        "filters: {app: {eq: Exchange}\n",
    ],
)
def test_nothing_to_tell(told, text):
    assert told(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "filters: {any_of: [{user: {eq: x}}, {none_of: [{app: {eq: Exchange}}]}]}",
        "match: {sequence: [{user: {eq: x}}, {repeated: 2, app: {eq: Exchange}}]}",
        "match: {after: {app: {eq: Exchange}}, until: {user: {eq: x}}}",
        "match: {after: {user: {eq: x}}, until: {app: {eq: Exchange}}}",
        "exceptions: [{policy: x, filters: {app: {eq: Exchange}}}]",
        "filters: {user: {eq: x}}\n---\nfilters: {app: {eq: Exchange}}",
    ],
)
def test_wherever_filters_stand(told, text):
    assert len(told(text, "exceptions.yaml" if text.startswith("exceptions") else "rule.yaml")) == 1


def test_what_has_nothing_near_is_told_with_all_if_they_are_few(told):
    assert told("filters: {activity_type: {eq: Rubbish}}")[0].endswith("(allowed: Log on, Log out)")


def test_a_directory_that_is_not_there(tmp_path):
    assert [*unknown_values([tmp_path / "none"], KNOWN)] == []
