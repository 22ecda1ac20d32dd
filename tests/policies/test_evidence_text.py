"""`title:` and `evidence:` of a rule file's alerts."""

from pathlib import Path

import pytest
from builders import load_rules

from casbd.errors import Mistakes
from casbd.policies.evidence_text import LONGEST, name_of_field, read

KNOWN = {
    "user": "anna@contoso.com",
    "object_name": "Global Administrator",
    'raw.Modified."Role.DisplayName"': "Reader",
    "raw.a|b}.c": "odd",
    "raw.to[0]": "first",
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain words", "plain words"),
        ("gave {object_name} to {user}", "gave Global Administrator to anna@contoso.com"),
        ("gave {object_name}[ in {app}]", "gave Global Administrator"),
        ("gave {object_name}[ to {user}[[1]]]", "gave Global Administrator to anna@contoso.com[1]"),
        ("[in {app}, ]by {user}", "by anna@contoso.com"),
        ("gave {app} to {user}", ""),
        ("gave { app | object_name }", "gave Global Administrator"),
        ('gave {raw.modified."x" | raw.Modified."Role.DisplayName"}', "gave Reader"),
        ('{raw."a|b}".c} {raw.to[0]}', "odd first"),
        ("{{user}} has [[{user}]]", "{user} has [anna@contoso.com]"),
    ],
)
def test_fields_stand_in_the_place_of_braces(text, filled):
    assert read(text).filled(lambda field: KNOWN.get(field, "")) == filled


def test_all_fields_are_known_that_it_names():
    assert [name_of_field(field) for field in read("a {user | raw.x}[ b {app}]").fields()] == ["user", "raw.x", "app"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("gave {objectname}", "unknown field `objectname` (did you mean `object_name`?)"),
        ("gave {}", "unknown field ``"),
        ("gave {raw.}", "`raw.` is no path"),
        ("gave {raw}", "`raw` is too much for a sentence"),
        ("gave {raw.a.**}", "`raw.a.**` is too much for a sentence"),
        ("gave {user", "`{` at character 6 has no other half"),
        ("gave user}", "`}` at character 10 has no other half"),
        ("gave [ to {user}", "`[` has no other half"),
        ("gave ] to {user}", "`]` at character 6 has no other half"),
        ("gave [a [to {user}]]", "`[` at character 9 has no other half"),
        ("gave [to somebody]", "in square brackets stands what may be unknown"),
        (" ", f"one line of 1 to {LONGEST} characters"),
        ("a\nb", f"one line of 1 to {LONGEST} characters"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, mistake):
    with pytest.raises(Mistakes) as caught:
        load_rules(tmp_path, {"one": {"alert": {"evidence": text}}})
    (found,) = caught.value.mistakes
    assert f"`alert.evidence`: {mistake}" in found.message
    assert (Path(found.file).name, found.line, found.column) == ("one.yaml", 1, 19)
