"""A name that nothing has is told, with the nearest one: an option's is wrong use (2), what a command is about is not found (1)."""

import sys

import pytest
from builders import Core, record, settings
from click.testing import CliRunner

from casbd import cli

CONFIGURATION = """
state_dir: core/state
rules: [rules]
inputs: [{name: m365, path: in/*}]
organization: {user_groups: groups.yaml}
"""


WHERE = "in the activity log, nor in the configuration"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    (place / "casbd.yaml").write_text(CONFIGURATION)
    (place / "groups.yaml").write_text("groups: {Finance: [z@contoso.com], Empty: [y@contoso.com]}\n")
    (place / "rules").mkdir()
    (place / "rules" / "burst.yaml").write_text("name: Burst\nfilters: {user: {eq: nobody}}\n")
    (place / "file.json").write_bytes(record() + b"\n")
    core = Core(place / "core", settings=settings({}))
    core.feed_records(record())
    core.close()

    def run(*arguments, code):
        files = [str(place / one) if one in ("file.json", "new.zip") else one for one in arguments]
        with CliRunner().isolation() as streams:
            sys.argv = ["casbd", "-c", str(place / "casbd.yaml"), *files]
            with pytest.raises(SystemExit) as ended:
                cli.main()
            out, err = (stream.getvalue().decode() for stream in streams[:2])
        assert (ended.value.code or 0) == code, (out, err)
        return out, err

    return run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            "users list --group Finanse",
            "there is no user group Finanse in the activity log, nor in the configuration; did you mean `Finance`?",
        ),
        ("users list --group x", "there is no user group x in the activity log, nor in the configuration; allowed: Empty, Finance"),
        ("users list --app Oktaa", f"there is no app Oktaa {WHERE}; did you mean `Okta`?"),
        ("alerts list --app Oktaa", f"there is no app Oktaa {WHERE}; did you mean `Okta`?"),
        ("alerts list --policy brust", "there is no policy brust in the rules, nor an alert of one; did you mean `burst`?"),
        ("policies list --template pasword-spray", "did you mean `password-spray`?"),
        ("policies new one --template pasword-spray", "did you mean `password-spray`?"),
        ("inputs try file.json --input m356", "there is no input `m356`; did you mean `m365`?"),
        ("inputs try file.json --format okat", "`okat` is no format; did you mean `okta`?"),
        ("inputs formats okat", "did you mean `okta`?"),
        ("activities search --query Failed", "there is no query Failed"),
        ("activities search --sort tiem", "no such field: tiem"),
        ("activities search --columns usr", "did you mean `user`"),
        ("activities export x.csv --columns usr", "no such field: usr"),
        ("activities histogram --by usr", "no such unit or field: usr"),
        ("audit list --action alert", "there is no action alert of a command or of the daemon; did you mean `alerts`?"),
    ],
)
def test_of_an_option(run, arguments, told):
    out, err = run(*arguments.split(), code=2)
    assert (out, told in err) == ("", True), err
    words = arguments.split()
    assert "\x1b" not in "".join(run(*words[:-1], words[-1] + "\x1b[31m", code=2))


@pytest.mark.parametrize(
    "command",
    ["activities search", "activities histogram", "activities export x.csv", "alerts list", "audit list", "policies backtest burst"],
)
def test_no_time_is_in_a_span_that_ends_before_it_begins(run, command):
    assert "it lies after --to" in run(*command.split(), "--from", "2027-01-02", "--to", "2027-01-01", code=2)[1]


def test_an_empty_name_is_not_all_of_them(run):
    run("policies", "test", "", code=1)
    run("policies", "new", "", "--from-search", "--filter", "user eq a", code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        "activities show x",
        "alerts show x",
        "alerts close x --as benign",
        "governance cancel x",
        "ips show 192.0.2.1",
        "policies backtest brust",
        "policies disable brust",
        "policies explain brust",
        "policies show brust",
        "policies test brust",
        "privacy export x new.zip",
        "queries delete x",
        "queries show x",
        "users show x",
    ],
)
def test_what_a_command_is_about(run, arguments):
    out, err = run(*arguments.split(), code=1)
    assert out == ""
    assert "there is no " in err or "nothing is known" in err or "is no alert" in err


@pytest.mark.parametrize(
    "arguments",
    [
        "users list --group Empty",
        "users list --group FINANCE",
        "users list --app okta",
        "users list --app MICROSOFT|Entra|ID --admin",
        "alerts list --app Microsoft|Entra|ID",
        "alerts list --policy Burst",
        "audit list --action alerts",
        "audit list --action reload",
        "audit list --action governance|stop",
        "policies list --template password-spray",
    ],
)
def test_a_known_one_of_which_there_is_nothing_is_no_mistake(run, arguments):
    assert run(*(word.replace("|", " ") for word in arguments.split()), "--json", code=0) == ("", "")
