"""Private activities: what outputs and commands show of users and addresses, with and without the key."""

import json

import pyarrow.parquet as pq
import pytest
from builders import HOUR, MINUTE, NOON, Core, record, settings
from click.testing import CliRunner

from casbd.cli import EXIT_CONFIGURATION, casbd
from casbd.daemon import service
from casbd.errors import Mistakes
from casbd.pseudonyms import Pseudonyms
from casbd.store.log import segments

ANNA, BOB, IP = "anna.berg@contoso.com", "bob@contoso.com", "203.0.113.7"
KEY = "correct horse battery"
NAMES = Pseudonyms(("user", "ip_address"), KEY.encode())
SECTION = "privacy: {pseudonymize: [user, ip_address], key: {file: key}}\n"
CONFIGURATION = "state_dir: core/state\nrules: [rules]\n" + SECTION
AS_OF = ["--as-of", "2026-01-02T00:00:00Z"]
RULES = {"failed": {"severity": "high", "governance": [{"action": "suspend_user", "connector": "entra"}]}}


@pytest.fixture(params=["blocks", "segments"])
def place(request, tmp_path):
    (tmp_path / "casbd.yaml").write_text(CONFIGURATION)
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/failed.yaml").write_text("name: failed\nfilters: {activity_type: {eq: Failed log on}}\n")
    core = Core(tmp_path / "core", rules=RULES, settings=settings({}))
    core.feed_records(
        record(Id="own", UserId=ANNA),
        record(Id="other", UserId=BOB, at=MINUTE, ObjectId=f"/x/{ANNA}", ClientIP="198.51.100.1"),
        record(Id="third", UserId=BOB, at=HOUR, Operation="UserLoggedIn", ObjectId="carl@fabrikam.com"),
        b'{"broken": "anna.berg@contoso.com",',
    )
    if request.param == "segments":
        assert segments.compact(core.store, at_least=1)
    core.close()
    return tmp_path


def run(place, *arguments, code=0):
    found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
    assert found.exit_code == code, (found.output, found.exception)
    return found


EVERYTHING = [
    ("activities", "search"),
    ("activities", "search", "--csv"),
    ("activities", "search", "--json"),
    ("activities", "search", "--columns", "raw.UserId,raw.ClientIP,user"),
    ("activities", "show", "other"),
    ("activities", "show", "other", "--json"),
    ("activities", "show", "other", "--same", "user"),
    ("activities", "histogram", "--by", "user"),
    ("activities", "histogram", "--by", "ip_address", "--json"),
    ("alerts", "list"),
    ("alerts", "list", "--json"),
    ("governance", "list"),
    ("governance", "list", "--json"),
    ("users", "list", *AS_OF),
    ("users", "list", "--json", *AS_OF),
    ("users", "show", NAMES.user(ANNA), *AS_OF),
    ("users", "show", NAMES.user(BOB), "--json", *AS_OF),
    ("ips", "show", NAMES.address(IP), *AS_OF),
    ("ips", "show", NAMES.address(IP), "--json", *AS_OF),
    ("rejects", "list"),
    ("rejects", "list", "--json"),
    ("policies", "explain", "failed", "other"),
    ("policies", "backtest", "failed"),
    ("policies", "backtest", "failed", "--json"),
    ("audit", "list"),
]


@pytest.mark.parametrize("arguments", EVERYTHING, ids=" ".join)
def test_no_command_shows_a_name(place, arguments):
    shown = run(place, *arguments).output
    assert shown
    assert not [name for name in (ANNA, BOB, "carl@fabrikam.com", IP, "198.51.100.1") if name in shown]
    if arguments[0] in ("users", "ips", "alerts", "governance"):
        assert "user-" in shown


@pytest.mark.parametrize("arguments", EVERYTHING, ids=" ".join)
def test_without_the_key_nothing_is_shown(place, arguments):
    (place / "key").unlink()
    found = run(place, *arguments, code=EXIT_CONFIGURATION)
    assert "there is no key" in found.stderr
    assert found.stdout == ""


def test_without_the_section_all_is_as_it_was(place):
    (place / "casbd.yaml").write_text(CONFIGURATION.replace(SECTION, ""))
    assert ANNA in run(place, "activities", "search").stdout


def listed(place, *arguments):
    return [json.loads(line) for line in run(place, *arguments, "--json").stdout.splitlines()]


def test_pseudonyms_are_taken_as_arguments(place):
    anna = NAMES.user(ANNA)
    assert [one["activity_id"] for one in listed(place, "activities", "search", "--filter", f"user eq {anna}")] == ["own"]
    ip = NAMES.address("198.51.100.1")
    assert [one["activity_id"] for one in listed(place, "activities", "search", "--filter", f"ip_address eq {ip}")] == ["other"]
    assert [one["user"] for one in listed(place, "alerts", "list", "--user", anna)] == [anna]
    assert [one["user"] for one in listed(place, "users", "list", "--filter", f"user eq {anna}", *AS_OF)] == [anna]
    (found,) = listed(place, "users", "show", anna, *AS_OF)
    assert (found["user"], found["ip_addresses"][0]["value"]) == (anna, NAMES.address(IP))
    assert run(place, "users", "show", f"user-{'a' * 16}", *AS_OF, code=1).stderr == f"casbd: there is no user user-{'a' * 16}\n"


def test_the_key_resolves_them_and_the_audit_trail_tells(place):
    wanted = [NAMES.user(BOB), NAMES.address(IP), NAMES.user("carl@fabrikam.com")]
    assert run(place, "privacy", "resolve", *wanted).stdout.splitlines() == [BOB, IP, "carl@fabrikam.com"]
    entries = [(entry["action"], entry["target"]) for entry in listed(place, "audit", "list")]
    assert sorted(entries) == sorted(("privacy resolve", one) for one in wanted)

    found = run(place, "privacy", "resolve", f"user-{'a' * 16}", wanted[0], code=1)
    assert (found.stdout, "nobody has" in found.stderr) == (f"{BOB}\n", True)

    (place / "key").write_text("another key, which is no use")
    assert run(place, "privacy", "resolve", wanted[0], code=1).stdout == ""


def test_outputs_get_pseudonyms_and_the_store_has_the_names(place):
    (place / "in").mkdir()
    (place / "in/a.json").write_bytes(record(Id="new", UserId=ANNA, at=2 * HOUR) + b"\n")
    outputs = "outputs: [{name: out, type: file, path: out.json, format: json, send: [alerts, activities]}]\n"
    text = CONFIGURATION.replace("core/state", "state") + "inputs: [{name: m365, path: in/*, format: m365}]\n" + outputs
    (place / "casbd.yaml").write_text(text)
    service.run(place / "casbd.yaml", once=True, clock=lambda: NOON)

    written = (place / "out.json").read_text()
    assert {json.loads(line)["user"] for line in written.splitlines()} == {NAMES.user(ANNA)}
    assert len(written.splitlines()) == 2
    assert not [name for name in (ANNA, "anna", IP) if name in written]
    assert run(place, "privacy", "resolve", NAMES.user(ANNA)).stdout == f"{ANNA}\n"


def test_casbd_does_not_start_without_the_key(place):
    (place / "key").write_text("short")
    with pytest.raises(Mistakes, match="16 or more"):
        service.run(place / "casbd.yaml", once=True, clock=lambda: NOON)
    assert "16 or more" in run(place, "check", code=1).output


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_an_export_names_nobody(place, ending):
    run(place, "activities", "export", str(place / f"all.{ending}"))
    written = str(pq.read_table(place / "all.parquet").to_pylist()) if ending == "parquet" else (place / f"all.{ending}").read_text()
    assert NAMES.user(ANNA) in written
    assert not any(name in written for name in (ANNA, BOB, IP, "carl@fabrikam.com"))
    (place / "key").unlink()
    run(place, "activities", "export", str(place / f"other.{ending}"), code=EXIT_CONFIGURATION)
    assert not (place / f"other.{ending}").exists()
