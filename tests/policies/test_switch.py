"""A policy is switched on and off in its file, and nothing else in it changes."""

import stat
from pathlib import Path

import pytest

from casbd.errors import CasbdError, Mistakes
from casbd.policies.loading import load_file
from casbd.policies.switch import switch

RULES = sorted((Path(__file__).parents[2] / "rules").glob("**/*.yaml"))
BODY = "name: x\nfilters: {user: {eq: a}}\n"


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        BODY + "enabled: true   # for now\n",
        BODY + "enabled : yes_no\n".replace("yes_no", "true"),
        "# about it\n---\n" + BODY,
        "%YAML 1.2\n---\n" + BODY,
        '"name": x\n"filters": {user: {eq: a}}\n',
        "description: |\n  enabled: true\n  is what it says\n" + BODY,
        BODY.replace("\n", "\r\n"),
        *[pytest.param(text, id=path.stem) for path in RULES if "\nenabled: false" not in (text := path.read_text())],
    ],
)
def test_off_and_on_again(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text, newline="")
    path.chmod(0o640)
    switch(path, enabled=True)
    assert path.read_bytes() == text.encode()
    switch(path, enabled=False)
    assert not load_file(path).enabled
    off = path.read_bytes().decode()
    without = [line for line in off.splitlines(keepends=True) if not line.startswith("enabled")]
    assert without == [line for line in text.splitlines(keepends=True) if not line.startswith("enabled")]
    assert ("# for now" in off) == ("# for now" in text)
    switch(path, enabled=True)
    assert load_file(path).enabled
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [*tmp_path.iterdir()] == [path]


RULE = "title: {0}\nname: {0}\nlogsource: {{product: okta, service: okta}}\ndetection: {{s: {{eventType: x}}, condition: s}}\n"
CORRELATION = "title: C\ncorrelation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 2}}\n"


def test_of_several_documents_the_one_that_alerts_is_switched(tmp_path):
    path = tmp_path / "c.yml"
    for text in (RULE.format("a") + "---\n" + CORRELATION, "---\n" + CORRELATION + "---\n" + RULE.format("a")):
        path.write_text(text)
        switch(path, enabled=False)
        assert path.read_text() == text.replace("title: C", "enabled: false\ntitle: C")
        switch(path, enabled=True)
        assert load_file(path).enabled


def test_a_correlation_of_rules_in_other_files(tmp_path):
    path, other = tmp_path / "c.yml", tmp_path / "a.yml"
    path.write_text(CORRELATION)
    other.write_text(RULE.format("a"))
    switch(path, enabled=False, others=[other])
    assert not load_file(path, others=[other]).enabled


def test_what_cannot_be_done_safely_is_not_done(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("{name: x, filters: {user: {eq: a}}}\n")
    with pytest.raises(CasbdError, match="edited by hand"):
        switch(path, enabled=False)
    path.write_text("name: x\n")
    with pytest.raises(Mistakes):
        switch(path, enabled=False)
    assert path.read_text() == "name: x\n"


def test_what_a_link_leads_to_is_changed(tmp_path):
    path, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    path.write_text(BODY)
    link.symlink_to(path)
    switch(link, enabled=False)
    assert link.is_symlink()
    assert not load_file(path).enabled


@pytest.mark.parametrize("line", ['"enabled": true', "enabled:\n  true", 'enabled: !!bool "true"'])
def test_a_form_that_only_a_person_can_change(tmp_path, line):
    path = tmp_path / "x.yaml"
    path.write_text(BODY + line + "\n")
    with pytest.raises(CasbdError, match="edited by hand"):
        switch(path, enabled=False)
    assert path.read_text() == BODY + line + "\n"
