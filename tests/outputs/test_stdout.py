import contextlib
import os

import pytest

from casbd.errors import Retry
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import registry

Stdout = registry.load("outputs", "stdout")


def alert(number: int) -> Alert:
    return Alert(
        alert_id=f"{number:032x}",
        policy_id="p",
        policy_name="P\x1b[31m",
        policy_type="activity",
        severity="high",
        user="eve\r\n\x9b2J@example.com",
        last_activity=1_769_860_800_000,
    )


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.mark.parametrize("layout", ["cef", "json", "text"])
def test_one_line_a_message_and_nothing_a_terminal_obeys(pipe, layout):
    reader, writer = pipe
    Stdout(Stdout.Options(format=layout), descriptor=writer).send([alert(1), Activity(activity_id="a", user="\x1b]0;x")])
    text = os.read(reader, 65536).decode()
    assert text.count("\n") == 2 == len(text.splitlines())
    assert all(character.isprintable() for character in text.replace("\n", ""))


def test_text_is_for_people(pipe):
    reader, writer = pipe
    Stdout(Stdout.Options(format="text"), descriptor=writer).send([alert(1)])
    line = os.read(reader, 65536).decode()
    assert line == ("2026-01-31T12:00:00.000Z  high  P [31m  user=eve   2J@example.com activities=1 id=00000000000000000000000000000001\n")


def test_a_reader_that_has_gone_is_a_passing_failure(pipe):
    reader, writer = pipe
    os.close(reader)
    with pytest.raises(Retry) as caught:
        Stdout(Stdout.Options(), descriptor=writer).send([alert(1)])
    assert caught.value.sent == 0


def test_a_full_pipe_tells_how_many_whole_lines_went(pipe):
    reader, writer = pipe
    os.set_blocking(writer, False)
    with pytest.raises(Retry) as caught:
        Stdout(Stdout.Options(), descriptor=writer).send([alert(number) for number in range(2000)])
    got = os.read(reader, 1 << 20)
    assert caught.value.sent == got.count(b"\n") > 0
