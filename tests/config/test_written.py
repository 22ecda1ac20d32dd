"""What casbd writes to: places where it cannot be, and where the user of the state directory may not write."""

import os
import struct

import pytest

from casbd.config import reading
from casbd.config.written import doubtful
from casbd.documents import Document

NOBODY = 65534


@pytest.fixture
def place(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def told(place, text):
    (place / "casbd.yaml").write_text(text)
    found, mistakes = reading.read(place / "casbd.yaml")
    assert found is not None
    return [str(one).replace(f"{place}/", "") for one in mistakes]


def output(path, name="out"):
    return f"{{name: {name}, type: file, path: {path}}}"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("file/x.cef", "`file` is no directory, so nothing can be below it"),
        ("file/deeper/x.cef", "`file` is no directory, so nothing can be below it"),
        ("folder", "`folder` is a directory; an output writes to a file"),
        ("pipe", "`pipe` is no regular file"),
        ("/dev/null", "`/dev/null` is no regular file"),
        ("state/casbd.sqlite", "`state/casbd.sqlite` is casbd's own: its store would be damaged"),
        ("state/casbd.sqlite-wal", "`state/casbd.sqlite-wal` is casbd's own: its store would be damaged"),
        ("folder/../state/casbd.lock", "`state/casbd.lock` is casbd's own: its store would be damaged"),
        ("state/segments/x.cef", "`state/segments/x.cef` is casbd's own: its store would be damaged"),
        ("in/x.json", "`in/x.json` would be read again by the input `own`"),
    ],
)
def test_a_file_that_an_output_cannot_write(place, path, said):
    text = f"state_dir: state\ninputs: [{{name: own, path: in/*.json}}]\noutputs:\n  - {output(path)}\n"
    assert told(place, text) == [f"casbd.yaml:4:{len('  - {name: out, type: file, path: ') + 1}: {said}"]


def test_a_link_to_the_store_is_no_file_for_an_output(place):
    (place / "state").mkdir()
    (place / "state" / "casbd.sqlite").write_text("")
    (place / "link.cef").symlink_to("state/casbd.sqlite")
    (place / "up").symlink_to("state")
    for path in ("link.cef", "up/casbd.sqlite-wal"):
        (mistake,) = told(place, f"state_dir: state\noutputs: [{output(path)}]\n")
        assert mistake.endswith(f"`{path}` is casbd's own: its store would be damaged")


@pytest.mark.parametrize(
    "path", ["new/folder/x.cef", "folder/x.cef", "file", "state/alerts.cef", "in/x.cef", "in/deeper/x.json", "in/.x.json"]
)
def test_a_file_that_it_can_write(place, path):
    assert told(place, f"state_dir: state\ninputs: [{{name: own, path: in/*.json}}]\noutputs: [{output(path)}]\n") == []


def test_two_outputs_to_one_file(place):
    text = f"state_dir: state\noutputs:\n  - {output('x.cef', 'a')}\n  - {output('y.cef', 'b')}\n  - {output('folder/../x.cef', 'c')}\n"
    assert told(place, text) == [
        "casbd.yaml:5:33: `x.cef` is another output's file, too (line 3) (each has one of its own)",
    ]


@pytest.mark.parametrize("state_dir", ["file", "file/state", "pipe"])
def test_a_state_directory_that_cannot_be(place, state_dir):
    assert told(place, f"state_dir: {state_dir}\n") == [
        f"casbd.yaml:1:12: `{state_dir.partition('/')[0]}` is no directory" + (", so nothing can be below it" if "/" in state_dir else "")
    ]


class TestWhoMayWrite:
    @pytest.fixture
    def doubts(self, place):
        """What is told of a state directory of another user's."""

        def doubts(path, state_dir="state"):
            (place / "casbd.yaml").write_text(f"state_dir: {state_dir}\noutputs: [{output(path)}]\n")
            settings = reading.load(place / "casbd.yaml")
            return [str(one).replace(f"{place}/", "") for one in doubtful(Document(place / "casbd.yaml"), settings)]

        if os.geteuid():
            pytest.skip("to give files away takes root")
        (place / "state").mkdir()
        os.chown(place / "state", NOBODY, NOBODY)
        return doubts

    @pytest.mark.parametrize(
        ("path", "closed"), [("folder/x.cef", "folder"), ("new/deeper/x.cef", "place"), ("file", "file"), ("folder/new/x", "folder")]
    )
    def test_what_belongs_to_another(self, doubts, place, path, closed):
        [said] = doubts(path)
        named = str(place) if closed == "place" else closed
        assert said.startswith(
            f"casbd.yaml:2:{len('outputs: [{name: out, type: file, path: ') + 1}: `{named}` may not be written to by nobody"
        )

    @pytest.mark.parametrize("mode", [0o777, 0o1777, 0o003])
    def test_what_anybody_may_write(self, doubts, place, mode):
        (place / "folder").chmod(mode)
        assert doubts("folder/x.cef") == []

    def test_what_the_group_may_write(self, doubts, place):
        os.chown(place / "folder", 0, NOBODY)
        (place / "folder").chmod(0o750)
        assert len(doubts("folder/x.cef")) == 1
        (place / "folder").chmod(0o770)
        assert doubts("folder/x.cef") == []

    def test_what_is_ones_own_and_closed(self, doubts, place):
        os.chown(place / "folder", NOBODY, 0)
        (place / "folder").chmod(0o577)
        assert len(doubts("folder/x.cef")) == 1
        (place / "folder").chmod(0o700)
        assert doubts("folder/x.cef") == []

    def test_what_a_list_of_users_opens(self, doubts, place):
        """acl(5): the mode alone does not tell; version 2, then tag, permissions and id of each entry."""
        entries = [(0x01, 7, -1), (0x02, 7, NOBODY), (0x04, 0, -1), (0x10, 7, -1), (0x20, 0, -1)]
        try:
            os.setxattr(
                place / "folder", "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
            )
        except OSError as error:
            pytest.skip(f"this file system has no such lists: {error.strerror}")
        assert doubts("folder/x.cef") == []

    def test_nothing_of_who_is_not_known(self, doubts):
        assert doubts("folder/x.cef", state_dir="none") == []

    def test_nothing_if_it_is_root(self, doubts, place):
        os.chown(place / "state", 0, 0)
        os.chown(place / "folder", NOBODY, NOBODY)
        assert doubts("folder/x.cef") == []
