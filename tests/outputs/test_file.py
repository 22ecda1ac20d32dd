import errno
import json
import os
import resource
import subprocess
import sys

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from casbd.errors import Retry
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry

File = registry.load("outputs", "file")


def alert(number: int, title: str = "") -> Alert:
    return Alert(alert_id=f"{number:032x}", policy_id="p", policy_name="P", policy_type="activity", severity="high", title=title)


def file(path, **options):
    return File(File.Options(path=path, **options))


def ids(path) -> list[int]:
    return [int(line.split("externalId=")[1].split()[0], 16) for line in path.read_text().splitlines()]


def test_lines_are_appended_in_order_and_folders_made(tmp_path):
    path = tmp_path / "new" / "folder" / "alerts.cef"
    output = file(path)
    output.send([alert(1), alert(2)])
    output.send([alert(3)])
    assert ids(path) == [1, 2, 3]
    assert path.read_text().endswith("\n")
    file(path).send([alert(4)])
    assert ids(path) == [1, 2, 3, 4]


def test_json_has_one_object_a_line(tmp_path):
    output = file(tmp_path / "x", format="json")
    output.send([alert(1, "line\nbreak\u2028"), Activity(activity_id="a")])
    lines = (tmp_path / "x").read_text().splitlines()
    assert [json.loads(line).get("title") for line in lines] == ["line\nbreak\u2028", None]


def test_json_says_first_what_it_is(tmp_path):
    output = file(tmp_path / "x", format="json")
    command = GovernanceCommand(command_id="1", action="suspend_user", connector="entra", target="eva@contoso.com", status="succeeded")
    output.send([alert(1), replace(alert(2), category="system", policy_type="system"), Activity(activity_id="a"), command])
    lines = (tmp_path / "x").read_text().splitlines()
    assert [next(iter(json.loads(line).items())) for line in lines] == [
        ("type", "alert"),
        ("type", "system"),
        ("type", "activity"),
        ("type", "governance"),
    ]


def test_it_is_not_for_everybody(tmp_path):
    before = os.umask(0)
    try:
        file(tmp_path / "x").send([alert(1)])
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("by", ["rename", "delete", "copytruncate"])
def test_logrotate_is_noticed(tmp_path, by):
    path = tmp_path / "x"
    output = file(path)
    output.send([alert(1)])
    if by == "rename":
        path.rename(tmp_path / "x.1")
    elif by == "delete":
        path.unlink()
    else:
        os.truncate(path, 0)
    output.send([alert(2)])
    assert ids(path) == [2]


def test_its_own_rotation_keeps_so_many_and_loses_nothing_of_them(tmp_path):
    path = tmp_path / "x"
    output = file(path, max_size=4096, keep=2)
    for number in range(100):
        output.send([alert(number)])
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["x", "x.1", "x.2"]
    got = ids(tmp_path / "x.2") + ids(tmp_path / "x.1") + ids(path)
    assert got == list(range(got[0], 100))
    assert all((tmp_path / name).stat().st_size <= 4096 for name in names)


def test_a_batch_larger_than_the_limit_goes_into_one_file(tmp_path):
    output = file(tmp_path / "x", max_size=4096)
    output.send([alert(0)])
    output.send([alert(number) for number in range(1, 100)])
    assert (ids(tmp_path / "x.1"), ids(tmp_path / "x")) == ([0], list(range(1, 100)))


def test_a_line_torn_by_a_crash_is_ended_first(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"CEF:0|torn")
    file(path).send([alert(1)])
    first, second = path.read_text().splitlines()
    assert first == "CEF:0|torn"
    assert second.startswith("CEF:0|casbd|")


def test_a_full_disk_leaves_no_half_line(tmp_path):
    """The size limit of a process stands for the full disk: the kernel takes a part of the write, then refuses."""
    program = """
import resource, signal, sys
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry
from casbd.errors import Retry
from casbd.model.alert import Alert
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
File = registry.load("outputs", "file")
output = File(File.Options(path=sys.argv[1]))
alert = Alert(alert_id="1", policy_id="p", policy_name="P", policy_type="activity", severity="high")
output.send([alert])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    output.send([alert] * 20)
except Retry as error:
    print(error, error.sent)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
output.send([alert] * 20)
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "x"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "0"
    assert os.strerror(errno.EFBIG) in done.stdout
    assert ids(tmp_path / "x") == [1] * 21


@pytest.mark.parametrize("kind", ["folder", "fifo", "below a file"])
def test_what_cannot_be_written_is_retried(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_text("")
        path = path / "y"
    output = file(path)
    with pytest.raises(Retry) as caught:
        output.send([alert(1)])
    assert caught.value.sent == 0


def test_no_descriptor_is_left_open_by_failures(tmp_path):
    os.mkfifo(tmp_path / "x")
    output = file(tmp_path / "x")
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, _))
    try:
        for _number in range(100):
            with pytest.raises(Retry, match="regular"):
                output.send([alert(1)])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, _))


def test_sizes_are_written_with_units():
    assert File.Options(path="x", max_size="100MB").max_size == 100_000_000
    with pytest.raises(ValidationError, match="4096"):
        File.Options(path="x", max_size="1kB")
