"""Who runs a process: what the kernel says, and nothing else."""

import os
import pwd
import shutil
import subprocess
import sys

import pytest

from casbd.store.state.operator import person

OWN = pwd.getpwuid(os.getuid()).pw_name
DAEMON = pwd.getpwuid(1).pw_name
OUTSIDE = "         0          0 4294967295\n"


@pytest.fixture
def process(tmp_path):
    def process(login, users=OUTSIDE):
        (tmp_path / "loginuid").write_text(str(login))
        (tmp_path / "uid_map").write_text(users)
        return tmp_path

    return process


def test_the_environment_is_nobody(monkeypatch, process):
    for name in ("SUDO_USER", "USER", "LOGNAME", "SUDO_UID"):
        monkeypatch.setenv(name, "ciso")
    assert person(process(2**32 - 1)) == OWN


@pytest.mark.parametrize(
    ("user", "login", "name"),
    [
        (0, 0, "root"),
        (0, 1, f"{DAEMON} as root"),
        (1, 0, f"root as {DAEMON}"),
        (0, 2**32 - 1, "root"),
        (3_999_999_999, 2**32 - 1, "3999999999"),
        (0, 3_999_999_999, "3999999999 as root"),
        (0, "", "root"),
        (0, "x", "root"),
    ],
)
def test_who_logged_in_and_who_that_became(process, user, login, name):
    assert person(process(login), user) == name


@pytest.mark.parametrize(
    ("users", "name"),
    [
        ("0 1 1\n", f"{DAEMON} in a user namespace"),
        ("0 100000 65536\n", "100000 in a user namespace"),
        ("0 1 1\n1 100000 65535\n", f"{DAEMON} in a user namespace"),
        ("5 1 1\n", "root in a user namespace"),
        ("0 0 1\n", "root in a user namespace"),
        ("", "root"),
        ("x y\n", "root"),
    ],
)
def test_root_of_a_namespace_is_who_made_it(process, users, name):
    assert person(process(2**32 - 1, users), 0) == name


def test_no_proc(tmp_path):
    assert person(tmp_path / "none") == OWN


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_real_namespace():
    made = ["unshare", "--user", "--map-root-user", sys.executable, "-c", "from casbd.store.state.operator import person; print(person())"]
    done = subprocess.run(made, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip("namespaces are not allowed here")
    assert done.stdout == f"{OWN} in a user namespace\n" or done.stdout.endswith(f"as {OWN} in a user namespace\n")
