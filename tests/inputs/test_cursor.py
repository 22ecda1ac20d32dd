"""Whether a file still holds the content in which the cursor stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from casbd.inputs import identity
from casbd.inputs.compression import open_source
from casbd.inputs.cursor import Cursor, DamagedError, ReplacedError

CONTENT = b"".join(b'{"n": %d}\n' % (n * 7919 % 10_007) for n in range(5000))


def reading(path: Path, cursor: Cursor) -> None:
    source = open_source(str(path))
    try:
        cursor.read(source, 100)
    finally:
        source.close()


def test_a_content_that_was_only_looked_at_and_replaced_is_not_read_in_its_place(tmp_path):
    cursor, path = Cursor(), tmp_path / "a.log"
    cursor.fingerprint = identity.fingerprint(CONTENT[:5000])
    path.write_bytes(CONTENT)
    reading(path, cursor)
    path.write_bytes(b"x" + CONTENT)
    with pytest.raises(ReplacedError):
        reading(path, cursor)


@pytest.mark.parametrize(("whole", "error"), [(True, ReplacedError), (False, DamagedError)])
def test_a_compressed_file_that_ends_before_the_cursor_is_damaged_or_another(tmp_path, whole, error):
    cursor, path = Cursor(), tmp_path / "a.log.gz"
    cursor.advance(b"", CONTENT, len(CONTENT))
    path.write_bytes(gzip.compress(CONTENT))
    reading(path, cursor)
    path.write_bytes(gzip.compress(CONTENT[:10_000]) if whole else gzip.compress(CONTENT)[:-2000])
    with pytest.raises(error):
        reading(path, cursor)


def test_a_stored_position_is_known_again_by_later_versions():
    """What identifies a content is in every store: computed in another way, all files would be read again."""
    cursor = Cursor()
    cursor.advance(b"", CONTENT, 5000)
    assert cursor.fingerprint == (identity.digest(CONTENT[:4096]), 4096)
    assert cursor.tail == identity.digest(CONTENT[904:5000])
    assert identity.digest(b"casbd") == "9caabc6a5056197735d506a85ebe8482"
    assert identity.fingerprint(b"12345") == (identity.digest(b"1234"), 4)
