"""`casbd privacy`: asks first, needs the store for itself, and leaves an entry without the name."""

import json
import zipfile

import pytest
from builders import Core, record, settings
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.model.alert import Alert
from casbd.personal_data import privacy
from casbd.store.database import Store
from casbd.store.state import raised_alerts

ANNA = "anna.berg@contoso.com"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: []\ninputs: []\n")
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(record(Id="own", UserId=ANNA), record(Id="other"))
    core.close()
    return tmp_path


def run(place, *arguments, **more):
    return CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments], **more)


def listed(place, *arguments):
    return [json.loads(line) for line in run(place, *arguments, "--json").stdout.splitlines()]


def ids(place):
    return sorted(one["activity_id"] for one in listed(place, "activities", "search"))


def test_a_person_is_exported(place):
    result = run(place, "privacy", "export", ANNA, str(place / "anna.zip"))
    assert (result.exit_code, "1 of activities" in result.stderr) == (0, True)
    with zipfile.ZipFile(place / "anna.zip") as archive:
        assert json.loads(archive.read("index.json"))["user"] == ANNA
    assert [(entry["action"], entry["target"]) for entry in listed(place, "audit", "list")] == [("privacy export", ANNA)]
    again = run(place, "privacy", "export", ANNA, str(place / "anna.zip"))
    assert (again.exit_code, str(again.exception)) == (1, f"{place}/anna.zip: is there already")


def test_of_somebody_unknown_there_is_no_archive(place):
    assert run(place, "privacy", "export", "nobody@contoso.com", str(place / "x.zip")).exit_code == 1
    assert not (place / "x.zip").exists()
    assert run(place, "privacy", "delete", "nobody@contoso.com", "--yes").exit_code == 1
    assert ids(place) == ["other", "own"]


def test_without_an_entry_in_the_audit_trail_there_is_no_archive(place, monkeypatch):
    """Who may only read the state directory, and a disk that is full by then."""
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, _: "casbd.sqlite" not in str(path))
        assert "may not write" in str(run(place, "privacy", "export", ANNA, str(place / "anna.zip")).exception)
    assert not (place / "anna.zip").exists()
    with Store(place / "core/state") as store:
        store.connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    assert run(place, "privacy", "export", ANNA, str(place / "anna.zip")).exit_code != 0
    assert not (place / "anna.zip").exists()


def test_a_person_is_forgotten_after_a_question(place):
    assert run(place, "privacy", "delete", ANNA, input="n\n").exit_code == 1
    assert ids(place) == ["other", "own"]
    assert run(place, "privacy", "delete", ANNA, input="y\n").exit_code == 0
    assert ids(place) == ["other"]
    (entry,) = listed(place, "audit", "list")
    assert entry["action"] == "privacy delete"
    assert entry["target"].startswith("person-")
    assert ANNA not in json.dumps(entry)
    assert entry["detail"]["removed"] == 1


def test_under_a_pseudonym_all_is_kept(place):
    assert run(place, "privacy", "delete", ANNA, "--yes", "--pseudonymize").exit_code == 0
    assert ids(place) == ["other", "own"]
    users = [one["user"] for one in listed(place, "activities", "search")]
    assert ANNA not in users
    assert any(user.startswith("person-") for user in users)


def test_the_daemon_must_be_stopped(place):
    with Store(place / "core/state"):
        result = run(place, "privacy", "delete", ANNA, "--yes")
    assert (result.exit_code, "stop it first" in result.stderr) == (75, True)
    assert ids(place) == ["other", "own"]


def test_of_several_with_a_name_somebody_must_say_which(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(*(record(Id=f"of-{tenant}", UserId="bob", OrganizationId=tenant) for tenant in ("one", "two")))
    core.close()
    for arguments in (["export", "bob", str(tmp_path / "bob.zip")], ["delete", "bob"], ["delete", "bob", "--yes"]):
        result = run(tmp_path, "privacy", *arguments)
        assert result.exit_code == 2
        assert "bob (Microsoft Entra ID, one), bob (Microsoft Entra ID, two); --app and --instance say which" in result.stderr
    assert not (tmp_path / "bob.zip").exists()
    assert run(tmp_path, "privacy", "export", "bob", str(tmp_path / "bob.zip"), "--instance", "two").exit_code == 0
    result = run(tmp_path, "privacy", "delete", "bob", "--instance", "one", input="y\n")
    assert (result.exit_code, "about bob (Microsoft Entra ID, one) will be removed" in result.stderr) == (0, True)
    assert ids(tmp_path) == ["of-two"]
    assert {"records": {"activities": 1}, "instance": "two"} in [entry["detail"] for entry in listed(tmp_path, "audit", "list")]
    assert "bob" not in [entry["target"] for entry in listed(tmp_path, "audit", "list")]


@pytest.mark.parametrize("name", ["", " ", "\u200b", "."])
def test_who_is_called_nothing_is_nobody(place, name):
    """Alerts without a user are nobody's: they went with whoever had no name."""
    with Store(place / "core/state") as store, store.transaction() as connection:
        raised_alerts.save(connection, Alert(alert_id="a", policy_id="p", policy_name="P", policy_type="activity", severity="low"))
    assert run(place, "privacy", "delete", name, "--yes").exit_code == 2
    assert run(place, "privacy", "export", name, str(place / "x.zip")).exit_code == 2
    with Store(place / "core/state") as store:
        privacy.forget(store, name)
        assert [alert.alert_id for alert in raised_alerts.find(store.connection)] == ["a"]
    assert ids(place) == ["other", "own"]
