"""Every key of Sigma's specification may stand in a rule, and anybody's own; a misspelt one is told and refuses nothing."""

from pathlib import Path

import pytest

from casbd.policies.loading import load_file, load_rule_set
from casbd.policies.rule_file import CommonKeys
from casbd.policies.sigma.keys import KEYS, RULE_KEYS

RULE = {
    "title": "Access keys are made",
    "id": "5f2b6f1e-6a3b-4a9c-8d55-0d6f2b8f0c11",
    "name": "access_keys",
    "related": "[{id: 9b5d2a64-7f0e-4a1e-9a35-3a4e4f1b8a10, type: derived}]",
    "taxonomy": "sigma",
    "status": "test",
    "description": "Somebody makes keys.",
    "license": "CC0-1.0",
    "references": "[https://example.com]",
    "author": "A. Nother",
    "date": "2024-01-31",
    "modified": "2025-01-31",
    "logsource": "{category: null, product: aws, service: cloudtrail, definition: all regions}",
    "detection": "{selection: {eventName: CreateAccessKey}, condition: selection}",
    "fields": "[userIdentity.arn]",
    "falsepositives": "[Backups]",
    "level": "low",
    "tags": "[attack.t1098]",
    "scope": "[server]",
}
CORRELATION = {
    "title": "Many access keys",
    "id": "e5b9a8f0-9a53-4a8e-8f6e-6d3a0e2b7c12",
    "name": "many_access_keys",
    "status": "experimental",
    "description": "Many of them.",
    "author": "A. Nother",
    "references": "[https://example.com]",
    "date": "2024-01-31",
    "modified": "2025-01-31",
    "taxonomy": "sigma",
    "correlation": (
        "{type: event_count, rules: [access_keys], aliases: {who: {access_keys: userIdentity.arn}}, group-by: [who], timespan: 5m,"
        " condition: {gte: 3}}"
    ),
    "falsepositives": "[Backups]",
    "level": "high",
    "tags": "[attack.t1098]",
    "generate": "false",
}
FILTER = {
    "title": "Not the backup",
    "id": "0b7d8e0c-6ab0-46b4-9a39-0c6b4b8ad913",
    "description": "It may make keys.",
    "date": "2024-01-31",
    "modified": "2025-01-31",
    "logsource": "{product: aws, service: cloudtrail}",
    "filter": "{rules: [access_keys], selection: {userIdentity.arn: backup}, condition: not selection}",
}
OWN = ("author_email", "custom", "regression_tests_path", "simulation", "x-team", "creation_date", "type", "version", "ruletype", "details")


def text(keys):
    return "".join(f"{key}: {value}\n" for key, value in keys.items())


def read(directory, *documents):
    (directory / "rule.yml").write_text("---\n".join(map(text, documents)))
    return load_rule_set([directory])


def test_the_list_of_keys_is_the_specifications():
    assert set(RULE) == set(RULE_KEYS)
    assert RULE.keys() | CORRELATION.keys() | FILTER.keys() <= KEYS


@pytest.mark.parametrize("documents", [(RULE,), (CORRELATION, RULE), (RULE, CORRELATION, FILTER)], ids=["rule", "correlation", "filter"])
def test_all_keys_together(tmp_path, documents):
    found = read(tmp_path, *documents)
    assert ([policy.id for policy in found.policies], found.unusable, found.notes) == (["rule"], [], [])


@pytest.mark.parametrize("key", [*RULE_KEYS, *OWN])
def test_each_key_alone(tmp_path, key):
    least = {name: RULE[name] for name in ("title", "logsource", "detection")}
    found = read(tmp_path, least | {key: RULE.get(key, "{anything: [1, 2]}")})
    assert ([policy.id for policy in found.policies], found.unusable, found.notes) == (["rule"], [], [])


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("enable", "did you mean `enabled`?"),
        ("modifed", "did you mean `modified`?"),
        ("falsepositive", "did you mean `falsepositives`?"),
        ("goverance", "did you mean `governance`?"),
        ("test", "did you mean `tests`?"),
        ("severity", "Sigma's word is `level`"),
        ("match", "write a correlation"),
        ("filters", "they stand in `detection`"),
    ],
)
def test_a_key_that_is_nearly_another_is_told_and_refuses_nothing(tmp_path, key, hint):
    found = read(tmp_path, RULE | {key: "false"})
    assert ([policy.id for policy in found.policies], found.unusable) == (["rule"], [])
    [note] = found.notes
    assert hint in note.hint
    assert (note.line, note.column) == (len(RULE) + 1, 1)


@pytest.mark.parametrize(("wrong", "right"), [("detecton", "detection"), ("log_source", "logsource")])
def test_a_misspelling_of_what_must_be_there_is_a_mistake_with_a_hint(tmp_path, wrong, right):
    found = read(tmp_path, {wrong if key == right else key: value for key, value in RULE.items()})
    assert found.policies == []
    assert f"is this `{wrong}`?" in found.unusable[0].hint


def test_what_casbd_reads_besides_is_checked(tmp_path):
    for key in CommonKeys.model_fields:
        found = read(tmp_path, RULE | {key: "{nonsense: 1}"})
        assert found.policies == []
        assert found.unusable[0].line == len(RULE) + 1


@pytest.mark.parametrize(
    ("level", "severity"), [("High", "high"), ("CRITICAL", "high"), ("null", "medium"), ("informational", "informational")]
)
def test_levels(level, severity):
    assert load_file(Path("r.yml"), text=text(RULE | {"level": level})).severity == severity
