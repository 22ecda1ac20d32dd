"""Governance actions by a program of the operator's: the command on standard input, the answer is the exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from casbd.documents.duration_option import Duration
from casbd.errors import Mistake, Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Actions, Options, registry
from casbd.wire import json_lines
from casbd.wire.plain_text import cut, single_line

_MOST_OF_STDERR = 4096
_MOST_OF_REASON = 500

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class CommandOptions(Options):
    """Options of the connector `command`."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """The program's absolute path and its arguments. Nothing of a record or an alert is ever added to them."""
    timeout: Duration = 30_000
    """After this long the program and all it started are killed."""
    actions: Actions = Field(default=("*",), examples=[["suspend_user", "open_ticket"]])
    """What a policy may ask of it. Left out: all of casbd's own actions (rules/README.md); one of your own has to be listed."""

    @field_validator("command")
    @classmethod
    def _absolute(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not command[0].startswith("/"):
            raise ValueError("begins with the absolute path of a program")
        if any("\0" in word for word in command):
            raise ValueError("cannot hold a NUL character")
        return command


@registry.connector
class Command:
    """Runs one program per governance command.

    It gets the command as one JSON object on standard input, no shell, and an environment of PATH, LANG and, under
    systemd, CREDENTIALS_DIRECTORY. Exit status 0: done. 75 (EX_TEMPFAIL of sysexits.h): try again. Any other: refused, with
    the first line of its standard error as the reason.
    """

    Options: ClassVar[type[Options]] = CommandOptions
    actions: ClassVar[tuple[str, ...]] = ("*",)
    example: ClassVar[dict[str, Any]] = {"command": ["/usr/local/lib/casbd/suspend", "--domain", "example.com"], "timeout": "30s"}

    def __init__(self, options: CommandOptions) -> None:
        """Raises Mistakes where the program is not there or cannot be run."""
        self._options = options
        program = options.command[0]
        if not os.access(program, os.X_OK):
            raise Mistakes([Mistake(program, 0, 0, "is no program that can be run")])

    def execute(self, command: GovernanceCommand) -> None:
        """Run the program and wait for it. Retry where it asks for that, takes too long or is killed; else Rejected."""
        if not {"*", command.action} & set(self._options.actions):
            raise Rejected(f"the connector's `actions` do not have {command.action}")
        try:
            status, complaint = self._run(json_lines.command(command) + b"\n")
        except OSError as error:
            raise Retry(f"{self._options.command[0]}: {error.strerror}") from None
        if status == os.EX_TEMPFAIL:
            raise Retry(complaint or "the program asks for another try")
        if status < 0:
            raise Retry(f"the program was killed by {signal.Signals(-status).name}")
        if status:
            raise Rejected(complaint or f"the program ended with exit status {status}")

    def _run(self, text: bytes) -> tuple[int, str]:
        """The exit status and the first line of standard error.

        Files and not pipes: a pipe's end could stay open in something the program left running, and we would wait for it.
        """
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
            stdin.write(text)
            stdin.seek(0)
            process = subprocess.Popen(
                self._options.command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # its own process group, so that a timeout reaches all it started
            )
            try:
                status = process.wait(self._options.timeout / 1000)
            except subprocess.TimeoutExpired:
                raise Retry(f"the program took longer than {self._options.timeout / 1000:g} s") from None
            finally:
                if process.returncode is None:  # whatever went wrong: nothing may go on acting on accounts that nobody waits for
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            stderr.seek(0)
            lines = stderr.read(_MOST_OF_STDERR).decode(errors="replace").strip().splitlines()
        return status, cut(single_line(lines[0]), _MOST_OF_REASON) if lines else ""


def _environment() -> dict[str, str]:
    """A minimal one: what casbd itself was started with may hold secrets."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return _ENVIRONMENT | ({"CREDENTIALS_DIRECTORY": credentials} if credentials else {})
