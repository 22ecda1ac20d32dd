"""How long a content is looked for whose file went, and how long it is reported that some of it was never read."""

from __future__ import annotations

import gzip
import os

import msgspec
import pytest

from casbd.inputs import identity, lost_files
from casbd.inputs.compression import open_source
from casbd.inputs.discovery import look
from casbd.inputs.fence import Fence
from casbd.inputs.followed_file import FollowedFile
from casbd.inputs.lost_files import DAY, LostFiles
from casbd.inputs.turn import Turn
from casbd.inputs.vanished_contents import VanishedContents
from casbd.model.chunk import Position

NOW = 100 * DAY
BACK = "move it back, or follow its new directory with another input of the same format"


def position(number=1, *, offset=10, size=20, seen=NOW, **more):
    return Position(
        input="in",
        path=f"/gone/{number}.log",
        device=1,
        inode=number,
        fingerprint=f"f{number}",
        fingerprint_size=1,
        offset=offset,
        size=size,
        seen=seen,
        **more,
    )


@pytest.fixture
def lost():
    return LostFiles(Turn(), Fence("/gone/*"))


@pytest.mark.parametrize(
    ("seen_ago", "days", "forgotten"),
    [
        (0, 7, False),
        (0, 8, True),
        (22, 7, False),  # when it is asked, it was seen 29 days ago
        (29, 1, False),
        (30, 1, False),
        (30, 2, True),  # its last record was read long ago
    ],
)
def test_a_content_is_looked_for_a_week_and_an_old_one_a_day(lost, seen_ago, days, forgotten):
    lost.add(position(seen=NOW - seen_ago * DAY), NOW)
    assert bool(lost.forgotten(NOW + days * DAY)) == forgotten
    assert bool(lost.positions()) != forgotten
    assert lost.forgotten(NOW + days * DAY) == []


def test_what_was_lost_first_is_forgotten_where_there_are_too_many(lost, monkeypatch):
    monkeypatch.setattr(lost_files, "AT_MOST", 3)
    for number in range(5):
        lost.add(position(number), NOW + number)
    assert [one.inode for one in lost.forgotten(NOW + 10)] == [0, 1]
    assert [one.inode for one in lost.positions()] == [2, 3, 4]


def test_a_position_without_a_fingerprint_is_not_in_the_store(lost):
    lost.add(msgspec.structs.replace(position(), fingerprint=""), NOW)
    assert lost.forgotten(NOW + 8 * DAY) == []
    assert lost.positions() == []


def test_of_two_positions_in_one_content_the_further_one_counts(lost):
    for offset in (10, 15, 12):
        lost.add(position(offset=offset), NOW)
    assert [one.offset for one in lost.positions()] == [15]


def test_that_a_file_was_deleted_unread_is_reported_for_a_day():
    vanished = VanishedContents()
    vanished.deleted(position(1), 100, NOW)
    vanished.deleted(position(2), 200, NOW + DAY // 2)

    def sizes(now):
        return [unread.size for unread, _ in vanished.unread({}, {}, now)]

    assert sizes(NOW + DAY) == [100, 200]
    assert sizes(NOW + DAY + 1) == [200]
    assert sizes(NOW + 2 * DAY) == []
    vanished.deleted(position(3), 300, NOW)
    vanished.clear()
    assert sizes(NOW) == []


@pytest.mark.parametrize(
    ("of", "reported"),
    [
        (position(offset=20), []),
        (position(told=True), []),
        (position(), [("/gone/1.log", "it was gone before it was read to its end", BACK, 10)]),
    ],
)
def test_what_went_while_nobody_looked(tmp_path, of, reported, monkeypatch):
    monkeypatch.setattr(os.path, "isdir", lambda _: True)  # /gone is mounted
    vanished = VanishedContents()
    vanished.went(of)
    assert [(unread.path, unread.why, unread.advice, unread.size) for unread, _ in vanished.unread({}, {}, NOW)] == reported


def test_a_file_system_that_is_not_mounted_is_no_news():
    vanished = VanishedContents()
    vanished.went(position())
    assert list(vanished.unread({}, {}, NOW)) == []


@pytest.mark.parametrize("is_followed", [True, False])
@pytest.mark.parametrize("how", ["deleted", "went"])
def test_a_file_of_which_nothing_was_read_is_known_by_its_inode_alone(tmp_path, is_followed, how):
    vanished = VanishedContents()
    unread = msgspec.structs.replace(position(), path=str(tmp_path / "x"), fingerprint="")
    if how == "deleted":
        vanished.deleted(unread, 10, NOW)
    else:
        vanished.went(unread)
    files = {(1, 1 if is_followed else 2): FollowedFile.__new__(FollowedFile)}
    for file in files.values():
        file.position = None
    assert bool(list(vanished.unread(files, {}, NOW))) != is_followed


def test_a_copy_that_reaches_as_far_as_what_was_read_is_the_same_content(tmp_path):
    """The hash of what is before the position counts, also where two contents begin alike."""
    content = b"".join(b'{"n": %d}\n' % n for n in range(3000))
    path = tmp_path / "f"
    digest, size = identity.fingerprint(content[:9000])
    tail = identity.digest(content[9000 - 4096 : 9000])
    reached = msgspec.structs.replace(position(offset=9000), fingerprint=digest, fingerprint_size=size, tail=tail)
    for data, same in (
        (content, True),
        (content[:9000], True),
        (content[:8999], False),
        (content[:8000] + b"x" * 5000, False),
        (b"x" + content, False),
    ):
        for pack in (bytes, gzip.compress):
            path.write_bytes(pack(data))
            snapshot = look(str(path))
            source = open_source(str(path))
            best = lost_files.best(source, snapshot, [reached], identity.Compared(source))
            assert (best is reached) == same
            source.close()
