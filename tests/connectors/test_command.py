import json
import os
import select
import stat

import pytest
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry

Command = registry.load("connectors", "command")

TARGET = "$(touch /tmp/x); `id` 'a' \"b\" --help\n\x1b[2J æ@example.com"


def command(action: str = "suspend_user") -> GovernanceCommand:
    return GovernanceCommand(command_id="c1", action=action, connector="own", target=TARGET, status="queued", reason="why")


@pytest.fixture
def connector(tmp_path):
    def make(script: str, *arguments: str, **options):
        program = tmp_path / "program"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(stat.S_IRWXU)
        return Command(Command.Options(command=(str(program), *arguments), **options))

    return make


def test_the_command_is_on_standard_input_and_nothing_of_it_in_the_arguments(connector, tmp_path, monkeypatch):
    monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/casbd.service")
    script = f'cat > {tmp_path}/input; printf "%s\\n" "$@" > {tmp_path}/arguments; env > {tmp_path}/environment; pwd > {tmp_path}/folder'
    connector(script, "--domain", "example.com").execute(command())
    assert json.loads((tmp_path / "input").read_text())["target"] == TARGET
    assert (tmp_path / "input").read_text().count("\n") == 1
    assert (tmp_path / "arguments").read_text() == "--domain\nexample.com\n"
    assert (tmp_path / "folder").read_text() == "/\n"
    environment = {line.partition("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
    assert environment - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "LANG", "CREDENTIALS_DIRECTORY"}


def test_a_program_that_reads_nothing_is_fine(connector):
    connector("exit 0").execute(command())


def test_75_is_another_try(connector):
    with pytest.raises(Retry, match="the directory is busy"):
        connector("echo the directory is busy >&2; exit 75").execute(command())


def test_another_status_is_a_refusal_with_the_first_line_as_the_reason(connector):
    with pytest.raises(Rejected) as caught:
        connector("printf 'no such \\033[31muser\\nmore\\n' >&2; exit 3").execute(command())
    assert str(caught.value) == "no such  [31muser"
    with pytest.raises(Rejected, match="exit status 3"):
        connector("exit 3").execute(command())


def test_much_noise_neither_blocks_nor_is_kept(connector):
    with pytest.raises(Rejected) as caught:
        connector("head -c 3000000 /dev/zero | tr '\\0' x >&2; head -c 3000000 /dev/zero; exit 1").execute(command())
    assert len(str(caught.value)) == 500


def test_a_program_that_was_killed_is_another_try(connector):
    with pytest.raises(Retry, match="SIGTERM"):
        connector("kill -TERM $$").execute(command())


def test_a_timeout_kills_all_it_started(connector, tmp_path):
    """The FIFO's end of file comes once the last process that has it open is dead."""
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Retry, match="longer than 1 s"):
        connector(f"exec 3> {tmp_path}/alive; echo up >&3; sleep 60 & wait", timeout="1s").execute(command())
    assert os.read(reader, 10) == b"up\n"
    assert select.select([reader], [], [], 5)[0]
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_what_it_leaves_running_is_not_waited_for(connector):
    connector("sleep 5 & exit 0", timeout="2s").execute(command())


def test_an_action_it_does_not_know_is_refused_without_running(connector, tmp_path):
    own = connector(f"touch {tmp_path}/ran", actions=("notify_user",))
    with pytest.raises(Rejected, match="suspend_user"):
        own.execute(command())
    assert not (tmp_path / "ran").exists()
    own.execute(command("notify_user"))
    assert (tmp_path / "ran").exists()


def test_a_program_that_is_gone_is_another_try(connector, tmp_path):
    own = connector("exit 0")
    (tmp_path / "program").unlink()
    with pytest.raises(Retry, match="No such file"):
        own.execute(command())


def test_mistakes_are_told():
    with pytest.raises(ValidationError, match="absolute path"):
        Command.Options(command=("suspend",))
    with pytest.raises(ValidationError):
        Command.Options(command=())
    with pytest.raises(ValidationError, match="`Suspend-User` is no action"):
        Command.Options(command=("/bin/true",), actions=("Suspend-User",))
    with pytest.raises(Mistakes, match="no program"):
        Command(Command.Options(command=("/no/such/program",)))
