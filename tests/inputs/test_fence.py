"""What an input may read: never what a link, or a swap of one, leads to beyond what the configuration names."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from casbd.inputs.fence import Fence, OwnFiles, RefusedError
from casbd.model.chunk import InputSpec
from tests.inputs.conftest import Reader


def lines(*numbers):
    return b"".join(json.dumps({"n": n, "padding": "x" * 50}).encode() + b"\n" for n in numbers)


@pytest.fixture
def place(tmp_path):
    """A spool that an exporter may write to, and what is none of its business."""
    for name in ("spool/m365", "state", "credentials", "elsewhere", "log"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "state/casbd.ndjson").write_bytes(lines(1))
    (tmp_path / "credentials/webhook-key").write_bytes(lines(2))
    (tmp_path / "elsewhere/x.json").write_bytes(lines(3))
    (tmp_path / "log/alerts.cef").write_bytes(lines(4))
    (tmp_path / "log/alerts.cef.1").write_bytes(lines(5))
    (tmp_path / "log/other.json").write_bytes(lines(6))
    return tmp_path


@pytest.fixture
def reads(place, request):
    """Makes a reader of a path below the place."""

    def make(path="spool/m365/*", *, follow_links=False):
        own = OwnFiles([str(place / "state"), str(place / "credentials")], [str(place / "log/alerts.cef")])
        one = Reader(InputSpec(name="in", path=str(place / path), follow_links=follow_links), own=own)
        request.addfinalizer(one.stop)
        return one

    return make


def told(one):
    return {Path(unread.path).name: (unread.kind, unread.why) for unread in one.inputs.unread()}


@pytest.mark.parametrize("target", ["state/casbd.ndjson", "credentials/webhook-key", "log/alerts.cef", "log/alerts.cef.1"])
@pytest.mark.parametrize("follow_links", [False, True])
@pytest.mark.parametrize("by", ["file", "directory", "a link to a link"])
def test_no_link_leads_into_what_is_casbds_own(place, reads, target, follow_links, by):
    spool = place / "spool/m365"
    if by == "directory":
        (spool / "d").symlink_to((place / target).parent)
        one = reads(f"spool/m365/*/{Path(target).name}", follow_links=follow_links)
    elif by == "file":
        (spool / "a.ndjson").symlink_to(place / target)
        one = reads(follow_links=follow_links)
    else:
        (spool / "a.ndjson").symlink_to("../b")
        (place / "spool/b").symlink_to(place / target)
        one = reads(follow_links=follow_links)
    assert one.read() == []
    assert [kind for kind, _ in told(one).values()] == ["unread"], "somebody put it there"


@pytest.mark.parametrize("by", ["file", "directory"])
def test_other_links_are_followed_where_the_configuration_says_so_and_told_where_not(place, reads, by):
    if by == "file":
        (place / "spool/m365/x.json").symlink_to("../../elsewhere/x.json")
        path, link = "spool/m365/*", "x.json"
    else:
        (place / "spool/m365/d").symlink_to("../../elsewhere")
        path, link = "spool/m365/*/*.json", "d"
    one = reads(path)
    assert one.read() == []
    kind, why = told(one)[link]
    assert (kind, why) == ("unread", f"it is a link that leads out of {place}/spool/m365")
    (unread,) = one.inputs.unread()
    assert "follow_links: true" in unread.advice
    assert reads(path, follow_links=True).numbers() == [3]


def test_links_within_the_directory_that_the_path_names_are_followed(place, reads):
    (place / "spool/m365/day-1").write_bytes(lines(7))
    (place / "spool/m365/current.json").symlink_to("day-1")
    assert reads("spool/m365/*.json").numbers() == [7]
    (place / "spool/okta").symlink_to("m365")
    assert reads("spool/okta/*.json").numbers() == [7], "the path's own directory may be a link"
    assert reads("spool/*/*.json").numbers() == [7]


def test_what_casbd_writes_is_no_input(place, reads):
    """One record became 34,639."""
    one = reads("log/*")
    assert one.numbers() == [6]
    assert told(one) == dict.fromkeys(("alerts.cef", "alerts.cef.1"), ("left_out", "it is casbd's own, which no input reads"))
    assert reads("state/*").read() == []


@pytest.mark.parametrize("own", ["log/alerts.cef", "log/alerts.cef.1", "state/casbd.ndjson", "state/segments/x.ndjson"])
def test_nor_by_a_hard_link(place, reads, own):
    (place / "state/segments").mkdir()
    (place / "state/segments/x.ndjson").write_bytes(lines(7))
    (place / "spool/m365/a").hardlink_to(place / own)
    one = reads()
    assert one.read() == []
    assert told(one)["a"][1] == "it is casbd's own, which no input reads"


def test_other_hard_links_are_read(place, reads):
    (place / "spool/m365/a").hardlink_to(place / "log/other.json")
    assert reads().numbers() == [6]


@pytest.mark.parametrize("target", ["/proc/self/environ", "/proc/self/root/etc/passwd", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_what_the_kernel_tells_is_no_file(place, reads, target):
    (place / "spool/m365/a").symlink_to(target)
    one = reads(follow_links="root" in target)
    assert one.read() == []


@pytest.mark.parametrize("swapped", ["file", "directory"])
def test_no_swap_wins(place, swapped):
    """A link is put in the place of what was judged, before it is opened."""
    directory = place / "spool/m365/d"
    directory.mkdir()
    file = directory / "webhook-key"
    file.write_bytes(lines(8))

    class Slow(Fence):
        def judge(self, real):
            judged = super().judge(real)
            if swapped == "file":
                file.unlink()
                file.symlink_to(place / "credentials/webhook-key")
            else:
                directory.rename(place / "spool/old")
                directory.symlink_to(place / "credentials")
            return judged

    with pytest.raises(OSError, match=r"Too many levels of symbolic links|Not a directory"):
        Slow(f"{place}/spool/m365/*/*").open(str(file))


def test_a_link_in_the_place_of_a_file_that_was_found_is_not_read(place, reads):
    file = place / "spool/m365/a"
    file.write_bytes(lines(9))
    one = reads()
    one.inputs._scan()
    file.unlink()
    file.symlink_to(place / "credentials/webhook-key")
    assert one.inputs.next_chunk() is None
    assert one.read() == []


def test_the_rest_of_a_log_is_not_looked_for_behind_a_link(place, reads):
    log = place / "spool/m365/d/x.log"
    log.parent.mkdir()
    log.write_bytes(lines(10))
    one = reads("spool/m365/*/x.log")
    one.numbers()
    one.stop()
    log.parent.rename(place / "elsewhere/d")
    log.parent.symlink_to(place / "elsewhere/d")
    with (place / "elsewhere/d/x.log").open("ab") as file:
        file.write(lines(11))
    one.start()
    (place / "elsewhere/d/x.log").rename(place / "elsewhere/d/x.log.1")
    assert one.read() == []
    fence = Fence(str(place / "spool/m365/*"))
    with pytest.raises(RefusedError, match="leads out of"):
        fence.open(str(log.with_name("x.log.1")))


def test_archives_are_no_way_round(place, reads):
    with tarfile.open(place / "credentials/a.tar", "w") as archive:
        archive.add(place / "elsewhere/x.json", "x.json")
    (place / "spool/m365/a.tar").symlink_to(place / "credentials/a.tar")
    assert reads(follow_links=True).read() == []


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_only_regular_files_are_opened(place, kind):
    path = place / "spool/m365/p"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/zero")
    with pytest.raises(RefusedError, match="no regular file"):
        Fence(f"{path.parent}/*").open(str(path))


def test_what_is_own_may_change(place):
    own = OwnFiles()
    fence = Fence(f"{place}/log/*", own=own)
    os.close(fence.open(str(place / "log/alerts.cef")))
    own.use_those_of(OwnFiles([], [str(place / "log/alerts.cef")]))
    with pytest.raises(RefusedError):
        fence.open(str(place / "log/alerts.cef"))
