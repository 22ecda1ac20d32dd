"""Files that the configuration names: what is no regular file is a mistake that is told, and nothing waits for it or is filled by it."""

import os
from pathlib import Path

import pytest

from casbd.documents import Document
from casbd.enrichers._ip_lists import read_list
from casbd.enrichers._mmdb import Database
from casbd.errors import Mistakes
from casbd.regular_files import read_file


@pytest.fixture(params=["pipe", "device", "socket", "link to a pipe"])
def strange(request, tmp_path):
    if request.param == "device":
        return Path("/dev/zero")
    path = tmp_path / "strange.yaml"
    if request.param == "socket":
        os.mknod(path, 0o140600)
    else:
        os.mkfifo(path)
    if request.param == "link to a pipe":
        (tmp_path / "link").symlink_to(path)
        return tmp_path / "link"
    return path


@pytest.mark.parametrize("read", [Document, Document.several, read_list])
def test_rules_groups_and_lists(strange, read):
    with pytest.raises(Mistakes) as raised:
        read(strange)
    (mistake,) = raised.value.found
    assert mistake.file == str(strange)
    assert "cannot be read" in mistake.message


def test_mmdb(strange):
    with pytest.raises(OSError, match=r"only regular files|No such device"):
        Database(strange, str)


def test_a_file_is_read_whole_up_to_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_file(tmp_path / "a", 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than"):
        read_file(tmp_path / "a", 9)
    os.truncate(tmp_path / "a", 1 << 40)
    with pytest.raises(OSError, match="larger than"):
        read_file(tmp_path / "a", 1 << 30)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, 1)
