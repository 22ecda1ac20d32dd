"""The documented way to install: every file is there, and no directory is taken for granted. `tests/bench/install.py` walks it."""

import re
from pathlib import PurePosixPath

import pytest
from install_blocks import DOCUMENTS, ROOT, commands

BARE = {PurePosixPath(path) for path in ("/etc", "/opt", "/usr/bin")}
"""Directories that any Linux has (FHS 3.0); /etc/sysusers.d and /etc/tmpfiles.d are none of them."""


def plain(words):
    """Arguments that are no options, without the mode of `-m`."""
    return [word for number, word in enumerate(words) if not word.startswith("-") and words[number - 1] != "-m"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_copied_is_there_and_goes_where_a_directory_is(document):
    known = set(BARE)
    copied = 0
    for words in commands(document):
        name, *arguments = plain(words)
        if name in ("cp", "install") and "-d" not in words:
            *sources, target = arguments
            copied += len(sources)
            assert all((ROOT / source).exists() for source in sources), words
            parent = PurePosixPath(target) if target.endswith("/") else PurePosixPath(target).parent
            assert "-D" in words or parent in known, f"{parent} need not be there: {' '.join(words)}"
        elif name == "ln":
            assert PurePosixPath(arguments[-1]).parent in known, words
        elif name == "install":
            known |= {*map(PurePosixPath, arguments)}
    assert copied >= 3


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_tools_read_the_files_that_were_copied_before(document):
    targets = set()
    for words in commands(document):
        if words[0] == "install":
            targets.add(words[-1])
        for folder in ("sysusers", "tmpfiles"):
            if words[0] == f"systemd-{folder}":
                assert f"/etc/{folder}.d/{words[-1]}" in targets


def test_the_unit_starts_the_program_that_is_linked():
    [link] = [words[-1] for words in commands("README.md") if words[0] == "ln"]
    assert f"\nExecStart={link} run\n" in (ROOT / "systemd" / "casbd.service").read_text()


def test_what_casbd_writes_is_made_for_its_user_before_the_service_starts():
    """`casbd check` is run as this user, and looks."""
    tmpfiles = (ROOT / "systemd" / "casbd.tmpfiles.conf").read_text()
    for path in ("/var/lib/casbd", "/var/log/casbd"):
        assert re.search(rf"^d {path} +0750 casbd casbd -$", tmpfiles, re.MULTILINE)
