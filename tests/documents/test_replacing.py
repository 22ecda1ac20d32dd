"""Whole-or-nothing writing: whatever ends it, readers see the old file or the new one, and nothing lies beside."""

import stat

import pytest

from casbd.documents import replacing
from casbd.documents.replacing import replace_file, whole


def left(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_has_its_name_when_it_is_whole(tmp_path):
    with whole(tmp_path / "a") as file:
        file.write(b"new")
        assert [*left(tmp_path)] == ["a.part"]
    assert left(tmp_path) == {"a": b"new"}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("before", [{}, {"a": b"old"}])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_ends_it_before_leaves_what_was(tmp_path, before, error):
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)

    def write():
        with whole(tmp_path / "a", force=True) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert left(tmp_path) == before


@pytest.mark.parametrize(("there", "force"), [("a", False), ("a.part", False), ("a.part", True)])
@pytest.mark.parametrize("leads_nowhere", [False, True])
def test_what_is_there_stays(tmp_path, there, force, leads_nowhere):
    (tmp_path / there).symlink_to("nowhere") if leads_nowhere else (tmp_path / there).write_bytes(b"old")
    with pytest.raises(FileExistsError) as raised, whole(tmp_path / "a", force=force):
        pytest.fail("nothing is to be written")
    assert raised.value.filename == str(tmp_path / there)
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_it_is_on_the_disk_before_it_has_its_name_and_the_name_afterwards(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(replacing.os, "fsync", lambda _: seen.append([*left(tmp_path)]))
    replace_file(tmp_path / "a", b"new", like=tmp_path)
    assert len(seen) == 2
    assert seen[0][0].startswith(".a.")
    assert seen[1] == ["a"]


def test_a_replaced_file_keeps_its_mode_and_stays_where_its_check_refuses(tmp_path):
    path, link = tmp_path / "rules.yaml", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o664)
    link.symlink_to(path)
    with pytest.raises(ValueError, match="new"):
        replace_file(link, b"new", check=lambda beside: int(beside.read_bytes()))
    assert left(tmp_path) == {"rules.yaml": b"old", "link": b"old"}
    replace_file(link, b"7", check=lambda beside: int(beside.read_bytes()))
    assert (link.is_symlink(), path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (True, b"7", 0o664)
