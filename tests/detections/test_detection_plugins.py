"""What must hold for every kind of `match:` there is, and will be."""

import pytest

from casbd.errors import Mistakes
from casbd.policies import kinds
from casbd.policies.loading import load

KINDS = kinds.load_all()


def rule(place, text):
    (place / "one.yaml").write_text(f"name: One\nfilters: {{app: {{eq: Okta}}}}\nmatch: {{{text}}}\n")
    return load([place])[0]


def test_there_are_some():
    assert {"repeated", "sequence"} <= KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_it_is_named_as_its_key_which_is_needed(name):
    kind = KINDS[name]
    assert kind.Options.model_fields[name].is_required()
    assert kind.example.startswith(f"{name}: ")
    assert kind.schema.keys() <= kind.Options.model_fields.keys()


@pytest.mark.parametrize("name", KINDS)
def test_no_key_of_it_is_that_of_another_kind(name):
    assert KINDS[name].Options.model_fields.keys() & KINDS.keys() == {name}


@pytest.mark.parametrize("name", KINDS)
def test_a_misspelt_key_is_told(name, tmp_path):
    with pytest.raises(Mistakes, match=r"unknown key `singel_app` .did you mean `single_app`"):
        rule(tmp_path, f"{KINDS[name].example.replace('{...}', '{app: {isset: true}}')}, within: 5m, singel_app: true")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("repeated: 3, within: 5m, any_order: true", "`match`: `any_order` goes with `sequence`"),
        ("repeated: 3", "`within` is missing"),
        ("within: 5m", " or `repeated: 10` or `sequence: [{...}, {...}]`"),
        ("repeatd: 3, within: 5m", "unknown key `repeatd` (did you mean `repeated`?)"),
    ],
)
def test_keys_that_do_not_go_together(text, told, tmp_path):
    with pytest.raises(Mistakes) as caught:
        rule(tmp_path, text)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["new: country, familiar: user_agent", "dormant: 60d, familiar: user_agent"])
def test_what_helps_it_is_read_back_from_the_log(text, tmp_path):
    assert "device_tags" in rule(tmp_path, text).reads()


def test_what_says_nothing_may_stand_there(tmp_path):
    plain = rule(tmp_path, "repeated: 3, within: 5m")
    assert rule(tmp_path, "repeated: 3, within: 5m, sequence: null, any_order: false").digest == plain.digest


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("repeated: 3, within: 5m, unique: country", "70e71caffb31b126f4de9eef0ba8034f"),
        ("sequence: [{app: {eq: A}}, {app: {eq: B}}], within: 5m", "40bd806878d3e0a75c3e6347c6a572b1"),
    ],
)
def test_the_hash_is_that_of_earlier_versions(text, digest, tmp_path):
    """Else every policy would begin to count afresh after an upgrade."""
    assert rule(tmp_path, text).digest == digest
