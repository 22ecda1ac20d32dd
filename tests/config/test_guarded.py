"""What casbd believes and runs must not be everybody's to change."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from casbd.config import reading
from casbd.config.guarded import inputs_over_state, open_files, writable
from casbd.documents import Document
from casbd.policies.rule_places import watched_rules

CONFIGURATION = """\
state_dir: state
rules: [rules]
inputs:
  - {name: a, path: in/*}
enrichment: {tor: tor.txt}
outputs:
  - {name: siem, type: syslog, host: h, transport: tls, ca_file: ca.pem, cert_file: tls/own.pem, key_file: tls/own.key}
connectors:
  - {name: hook, type: webhook, url: "https://x.example", secret: {file: keys/hook}}
  - {name: act, type: command, command: [PLACE/bin/act]}
"""
FILES = ("casbd.yaml", "rules/one.yaml", "rules/more/two.yaml", "tor.txt", "ca.pem", "tls/own.pem", "tls/own.key", "keys/hook", "bin/act")


@pytest.fixture
def place(tmp_path):
    return made(tmp_path)


def made(directory):
    """A configuration whose files are nobody else's."""
    for name in FILES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("")
    (directory / "state").mkdir()
    (directory / "casbd.yaml").write_text(CONFIGURATION.replace("PLACE", str(directory)))
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o750 if path.is_dir() else 0o640)
    return directory


def told(place):
    """Mistakes and warnings."""
    settings, mistakes = reading.read(place / "casbd.yaml")
    document = Document(place / "casbd.yaml")
    warnings = [*open_files(document, settings, watched_rules(settings.rules), [place / "tor.txt"]), *inputs_over_state(document, settings)]
    return [[str(one).replace(f"{place}/", "").replace(str(place), ".") for one in found] for found in (mistakes, warnings)]


def test_what_is_guarded_is_not_told(place):
    assert told(place) == [[], []]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("casbd.yaml", "casbd.yaml:1:1: everybody may change the configuration: `casbd.yaml` (chmod o-w)"),
        ("rules", "casbd.yaml:2:1: everybody may change the rules: `rules` (chmod o-w)"),
        ("rules/more", "casbd.yaml:2:1: everybody may change the rules: `rules/more` (chmod o-w)"),
        ("rules/more/two.yaml", "casbd.yaml:2:1: everybody may change the rules: `rules/more/two.yaml` (chmod o-w)"),
        ("tor.txt", "casbd.yaml:5:1: everybody may change the lists: `tor.txt` (chmod o-w)"),
        ("ca.pem", "casbd.yaml:7:57: everybody may change whom it trusts: `ca.pem` (chmod o-w)"),
        ("keys/hook", "casbd.yaml:9:5: everybody may change a key: `keys/hook` (chmod o-w)"),
        ("keys", "casbd.yaml:9:5: everybody may change a key: `keys` (chmod o-w)"),
        ("tls/own.key", "casbd.yaml:7:98: everybody may change a key: `tls/own.key` (chmod o-w)"),
        ("state", "casbd.yaml:1:1: everybody may change the state directory: `state` (chmod o-w)"),
    ],
)
def test_what_everybody_may_change_is_a_warning(place, name, said):
    (place / name).chmod((place / name).stat().st_mode | 0o002)
    assert told(place) == [[], [said]]


@pytest.mark.parametrize(("name", "place_of_it"), [("oncall", "12:5"), ("smtp", "13:1"), ("sms", "14:1")])
def test_urls_and_passwords_for_telling_people_are_keys(place, name, place_of_it):
    with (place / "casbd.yaml").open("a") as file:
        file.write(
            "notifications:\n  - {name: oncall, url: {file: keys/oncall}}\n"
            "mail: {host: h, from: a@b.example, user: u, password: {file: keys/smtp}}\nsms: {url: {file: keys/sms}}\n"
        )
    for one in ("oncall", "smtp", "sms"):
        (place / "keys" / one).write_text("")
        (place / "keys" / one).chmod(0o642 if one == name else 0o640)
    assert told(place) == [[], [f"casbd.yaml:{place_of_it}: everybody may change a key: `keys/{name}` (chmod o-w)"]]


@pytest.mark.parametrize("name", ["bin/act", "bin"])
def test_a_program_that_everybody_may_change_is_a_mistake(place, name):
    (place / name).chmod(0o777)
    assert told(place) == [
        [f"casbd.yaml:10:41: `{name}` may be changed by everybody, and casbd would run `bin/act` (chmod o-w)"],
        [],
    ]


def test_a_directory_above_everything_is_told_of_everything(place):
    place.chmod(0o777)
    mistakes, warnings = told(place)
    assert (len(mistakes), len(warnings)) == (1, 7)


def test_many_are_one_warning(place):
    for number in range(9):
        (place / "rules" / f"{number}.yaml").write_text("")
        (place / "rules" / f"{number}.yaml").chmod(0o666)
    assert told(place)[1] == ["casbd.yaml:2:1: everybody may change the rules: `rules/0.yaml` and 8 more (chmod o-w)"]


def test_the_way_of_a_link_counts(place):
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    (place / "open" / "rule.yaml").write_text("")
    (place / "open" / "rule.yaml").chmod(0o640)
    (place / "rules" / "linked.yaml").symlink_to("../open/rule.yaml")
    assert told(place)[1] == ["casbd.yaml:2:1: everybody may change the rules: `open` (chmod o-w)"]


def test_a_directory_with_the_sticky_bit_guards_what_is_in_it_and_not_what_is_not(place):
    place.chmod(0o1777)
    assert told(place) == [[], []]
    (place / "rules").chmod(0o1777)
    assert len(told(place)[1]) == 1


def test_a_group_may_write(place):
    for path in place.rglob("*"):
        path.chmod(0o770 if path.is_dir() else 0o660)
    assert told(place) == [[], []]


@pytest.mark.parametrize(("key", "line"), [("keys/hook", "9:5"), ("tls/own.key", "7:98")])
def test_a_key_that_everybody_may_read_is_a_warning(key, line):
    with TemporaryDirectory() as directory:  # not below that of the tests, where nobody else gets
        place = made(Path(directory))
        (place / key).chmod(0o644)
        assert told(place)[1] == []  # nobody gets there
        (place / key).parent.chmod(0o755)
        place.chmod(0o755)
        assert told(place)[1] == [f"casbd.yaml:{line}: the key in `{key}` may be read by everybody (chmod o-r)"]


@pytest.mark.parametrize(
    ("path", "over"),
    [
        ("state/*", True),
        ("state/**", True),
        ("*/casbd.*", True),
        ("state/segments/*/*", True),
        ("**/*.parquet", True),
        ("in/*", False),
        ("state/exports/*.json", False),
        ("*", False),
    ],
)
def test_inputs_over_the_state_directory_are_a_warning(place, path, over):
    (place / "casbd.yaml").write_text((place / "casbd.yaml").read_text().replace("in/*", f'"{path}"'))
    found = told(place)[1]
    assert [("asks for files of the state directory" in one, one.startswith("casbd.yaml:4:21:")) for one in found] == [(True, True)] * over


def test_what_is_not_there_is_nobodys(tmp_path):
    tmp_path.chmod(0o755)
    assert writable(tmp_path / "none" / "file") is None
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert writable(tmp_path / "open" / "none") == tmp_path / "open"
    assert writable(Path("/")) is None
