"""What fields can hold at all comes from the formats, their tables, and the configuration."""

import json
from pathlib import Path

import pytest

from casbd.config import reading
from casbd.daemon.known_words import known_words
from casbd.plugins import registry

FORMATS = Path(__file__).parents[1] / "formats"
GOLDEN = [path for path in sorted(FORMATS.rglob("*.json")) if '"activity_type"' in path.read_text(errors="replace")]


@pytest.fixture
def known(tmp_path):
    def known(inputs="[]"):
        (tmp_path / "casbd.yaml").write_text(f"inputs: {inputs}\n")
        return known_words(reading.load(tmp_path / "casbd.yaml"))

    return known


def test_every_format_says_what_it_writes():
    for cls in registry.load_all("formats").values():
        assert cls.words.keys() <= {"app", "activity_type"}


def test_the_formats_and_inputs_themselves(known):
    found = known("[{name: one, path: /x}]")
    assert (found["source"], found["input"]) == (set(registry.names("formats")), {"one"})


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_nothing_else_comes_out_of_real_records(known, path):
    """A word that a format makes up and does not tell would be warned of in a right rule."""
    parts = path.relative_to(FORMATS).parts
    form = parts[parts[0] == "services"]
    own = registry.load("formats", form).words if form in registry.names("formats") else {"app": None}
    for one in json.loads(path.read_text()) if own.get("app", ()) is not None else ():
        for field in ("app", "activity_type"):
            if isinstance(one, dict) and field in one:
                assert one[field] in known()[field] or one[field].startswith("Microsoft 365 ("), (path.name, one[field])


@pytest.mark.parametrize(
    ("mapping", "app"),
    [
        ("constants: {app: Ours}", {"Ours"}),
        ("mapping: {timestamp: t, app: {path: a, map: {x: Mine, y: Yours}, otherwise: Other}}", {"Mine", "Yours", "Other"}),
        ("mapping: {timestamp: t, app: {path: a, map: {x: Mine}}}, constants: {app: Ours}", {"Mine", "Ours"}),
        ("mapping: {timestamp: t, app: a}", None),
        ("patterns: [{path: m, regex: '(?P<app>x)'}]", None),
    ],
)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_a_mapping_names_or_leaves_open(known, form, mapping, app):
    mapping = mapping if mapping.startswith("mapping") else f"mapping: {{timestamp: t}}, {mapping}"
    found = known(f"[{{name: own, path: /x, format: {form}, {mapping}}}]")
    if app is None:
        assert "app" not in found
    else:
        assert found["app"] == known()["app"] | app
    assert found["activity_type"] == known()["activity_type"]


@pytest.mark.parametrize(
    ("form", "fields"), [("mdca", {"source", "input"}), ("cef", {"source", "input", "activity_type"}), ("auto", None), ("okta", None)]
)
def test_formats_that_write_what_the_record_says(known, form, fields):
    found = known(f"[{{name: x, path: /x, format: {form}}}]")
    assert found.keys() == (fields or {"app", "activity_type", "source", "input"})


@pytest.mark.parametrize(("form", "anything"), [("mdca", True), ("cef", True), ("defender_for_identity", True), ("okta", False)])
def test_what_an_input_turned_out_to_be_counts(tmp_path, known, form, anything):
    known("[{name: x, path: /x}]")
    settings = reading.load(tmp_path / "casbd.yaml")
    assert ("app" not in known_words(settings, detected={"x": {form}})) == anything
    assert "app" in known_words(settings, detected={"other": {form}})


def test_the_groups_of_the_file(tmp_path, known):
    (tmp_path / "groups.yaml").write_text("groups: {Finance: [a@x.com], Board: [a@x.com, b@x.com], Empty: []}\n")
    users = registry.load("enrichers", "users")
    without, some = (users(users.Options.model_validate(given)) for given in ({}, {"user_groups": tmp_path / "groups.yaml"}))
    settings = reading.load(tmp_path / "casbd.yaml") if known() else None
    assert "user_groups" not in known_words(settings, [without])
    assert known_words(settings, [some])["user_groups"] == {"Finance", "Board"}
    known("[{name: x, path: /x, format: json, mapping: {timestamp: t, user_groups: g}}]")
    assert "user_groups" not in known_words(reading.load(tmp_path / "casbd.yaml"), [some])
