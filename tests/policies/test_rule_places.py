"""A rule directory's links lead nowhere else, and what is no rule is not quoted."""

from pathlib import Path

import pytest

from casbd.errors import Mistakes
from casbd.policies.loading import load_rule_set, rule_files
from casbd.policies.rule_places import exception_files, watched_rules

RULE = "name: x\nfilters: {user: {eq: a}}\n"
SIGMA = "title: x\nlogsource: {service: okta}\ndetection: {a: {eventtype: x}, condition: a}\n"
SECRET = "hunter2hunter2"
EXCEPTIONS = "exceptions: [{policy: linked, filters: {user: {eq: b}}, reason: r, expires: never}]\n"


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "rules" / "more").mkdir(parents=True)
    (tmp_path / "else" / "rules").mkdir(parents=True)
    (tmp_path / "else" / "rules" / "other.yaml").write_text(RULE)
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    return tmp_path / "rules"


@pytest.mark.parametrize(
    ("link", "to"),
    [
        ("linked.yaml", "../else/rules/other.yaml"),
        ("more/linked.yaml", "../../else/rules/other.yaml"),
        ("linked.yaml", "/etc/passwd"),
        ("linked.yaml", "/dev/zero"),
        ("linked.yaml", "../none"),
        ("linked", "../else"),
        ("exceptions.yaml", "/etc/passwd"),
        ("more/exceptions.yml", "../../else/rules/other.yaml"),
    ],
)
def test_a_link_that_leads_out_is_told_and_not_followed(rules, link, to):
    (rules / link).symlink_to(to)
    found = load_rule_set([rules])
    assert [policy.id for policy in found.policies] == ["own"]
    [mistake] = found.unusable
    assert (mistake.file, mistake.message) == (str(rules / link), "is a link out of the rule directories")
    assert "rules:" in mistake.hint


def test_a_chain_of_links_is_followed_to_its_end(rules):
    (rules / "more" / "step.txt").symlink_to("/etc/passwd")
    (rules / "linked.yaml").symlink_to("more/step.txt")
    assert {Path(mistake.file).name for mistake in load_rule_set([rules]).unusable} == {"linked.yaml", "step.txt"}


@pytest.mark.parametrize("name", ["other.YAML", "more/other.Yml"])
def test_a_name_that_ends_in_capitals_is_told(rules, name):
    (rules / name).write_text(RULE)
    [mistake] = load_rule_set([rules]).unusable
    assert (mistake.file, mistake.hint) == (str(rules / name), "rename it to .yaml or .yml")


@pytest.mark.parametrize(
    ("name", "told"),
    [("more/Own.yaml", "the id `Own` is used twice"), ("OWN.yml", "the id `OWN` is used twice")]
    + [(f"{name}.yaml", f"`{name}` is of casbd's own alerts") for name in ("casbd.policy_flood", "CASBD.x")],
)
@pytest.mark.parametrize("text", [RULE, SIGMA])
def test_no_policy_passes_for_another(rules, name, told, text):
    (rules / name).write_text(text)
    try:
        found = load_rule_set([rules])  # of Sigma's rules that cannot be used the others go on
    except Mistakes as error:
        wrong = error.mistakes
    else:
        wrong = found.unusable
        assert [policy.id for policy in found.policies] == ["own"]
    assert any(told in mistake.message for mistake in wrong)


def test_an_exception_for_a_policy_that_is_left_out_is_no_mistake(rules):
    (rules / "linked.yaml").symlink_to("../else/rules/other.yaml")
    (rules / "exceptions.yaml").write_text(EXCEPTIONS)
    assert len(load_rule_set([rules]).policies) == 1


def test_links_within_are_followed(rules):
    """As Kubernetes mounts a ConfigMap."""
    (rules / "..2026_01").mkdir()
    (rules / "..2026_01" / "one.yaml").write_text(RULE)
    (rules / "..data").symlink_to("..2026_01")
    (rules / "one.yaml").symlink_to("..data/one.yaml")
    found = load_rule_set([rules])
    assert ([policy.id for policy in found.policies], found.unusable) == (["one", "own"], [])


def test_a_directory_that_the_configuration_names_may_be_a_link_and_be_linked_to(rules, tmp_path):
    (tmp_path / "named").symlink_to("else/rules")
    (rules / "linked.yaml").symlink_to("../else/rules/other.yaml")
    found = load_rule_set([rules, tmp_path / "named"])
    assert ([policy.id for policy in found.policies], found.unusable) == (["linked", "own"], [])


def test_exceptions_are_found_once(rules, tmp_path):
    (rules / "exceptions.yaml").write_text(EXCEPTIONS)
    (rules / "more" / "exceptions.yaml").symlink_to("../exceptions.yaml")
    assert len(exception_files([rules, rules])) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"root:{SECRET}:19000:0:99999:7:::\nbin:*:19000:\n",
        f"{SECRET}: 1\nother: 2\n",
        f"token: *{SECRET}\n",
        f"a: &{SECRET} 1\nb: &{SECRET} 2\n",
        f"a: !{SECRET}!x 1\n",
        f"[{SECRET}\n",
        f'a: "\\{SECRET}"\n',
        f"-----BEGIN {SECRET}-----\nabc=\n",
        f"%{SECRET} x\n---\na: 1\n",
        f"{SECRET}: 1\n{SECRET}: 2\n",
        f"a: !{SECRET} 1\n",
        f"- {SECRET}\n- b\n",
    ],
)
def test_what_is_no_rule_is_not_quoted(rules, text):
    (rules / "own.yaml").write_text(text)
    with pytest.raises(Mistakes) as caught:
        load_rule_set([rules])
    assert SECRET not in str(caught.value)


def test_a_directory_whose_name_is_too_long_is_told(tmp_path):
    long = tmp_path / ("a" * 300)
    with pytest.raises(Mistakes, match="is no directory: File name too long"):
        load_rule_set([long])
    assert exception_files([long]) == []
    assert watched_rules([long]) == [long]


@pytest.mark.parametrize("hidden", [".#own.yaml", ".git/x.yaml", "more/.x.yaml", ".exceptions/exceptions.yaml"])
def test_what_is_hidden_is_neither_read_nor_watched(rules, hidden):
    before = watched_rules([rules])
    (rules / hidden).parent.mkdir(exist_ok=True)
    (rules / hidden).write_text("no rule\n")
    assert [policy.id for policy in load_rule_set([rules]).policies] == ["own"]
    assert exception_files([rules]) == []
    assert watched_rules([rules]) == before


def test_files_come_in_the_order_of_their_names_on_the_way(rules):
    names = ["a/x.yaml", "a.yaml", "b.yaml", "c/a/z.yaml", "c/b.yaml", "d.yaml"]
    for name in reversed(names):
        (rules / name).parent.mkdir(parents=True, exist_ok=True)
        (rules / name).write_text("")
    assert [path for path in rule_files([rules]) if str(path.relative_to(rules)) in names] == [rules / name for name in names]
