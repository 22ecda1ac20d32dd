"""A store to search, and commands as a shell would run them: what they find."""

import json
import sys

import pytest
from builders import HOUR, MINUTE, NOON, Core, record, settings
from click.testing import CliRunner

from casbd import cli
from casbd.clock import now
from casbd.store.log import segments

DAY = 24 * HOUR
RULES = {"failed": {"severity": "high"}}
HOSTILE = "=cmd|'/c calc'!A1\x1b[31m"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A configuration, and a store with activities in a segment and in blocks, the last of them of this very moment."""
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(directory / "core", rules=RULES, settings=settings({}))
    core.feed_records(
        record(at=-2 * DAY, Id="before", Operation="UserLoggedIn", ClientIP="198.51.100.1"),
        *(record(at=n * MINUTE, Id=f"fail-{n}", UserId="B@contoso.com" if n == 3 else "a@contoso.com") for n in range(4)),
    )
    segments.compact(core.store, at_least=1)
    core.feed_records(
        record(at=HOUR, Id="on", Operation="UserLoggedIn", ResultStatus=None, ClientIP=None),
        record(at=HOUR, Id="rule", Operation="New-InboxRule", Workload="Exchange", ObjectId="Höhle", UserId=HOSTILE, ClientIP=None),
        record(at=now() - NOON, Id="just now", Operation="UserLoggedIn", UserId="c@contoso.com"),
    )
    core.close()
    return directory


@pytest.fixture
def run(place):
    """Runs a command as a shell would, and gives standard output and standard error."""

    def run(*arguments, code=0, config=place / "casbd.yaml"):
        runner = CliRunner()
        with runner.isolation() as streams:
            sys.argv = ["casbd", "-c", str(config), *arguments]
            ended = 0
            try:
                cli.main()
            except SystemExit as error:
                ended = error.code or 0
            sys.stdout.flush()
            out, err = (stream.getvalue().decode() for stream in streams[:2])
        assert ended == code, (ended, out, err)
        return out, err

    return run


@pytest.fixture
def search(run):
    """The ids that a search finds."""

    def search(*arguments, command=("activities", "search")):
        return [one["activity_id"] for one in lines(run(*command, "--json", *arguments)[0])]

    return search


def lines(text):
    return [json.loads(line) for line in text.splitlines()]
