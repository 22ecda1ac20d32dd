"""Who runs a process, as the kernel knows it. Nothing of the environment counts: anybody may set SUDO_USER.

https://man7.org/linux/man-pages/man5/proc_pid_loginuid.5.html, user_namespaces(7)
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

NO_LOGIN = (1 << 32) - 1
"""The login user of a process that nobody's login has begun: a job's, a service's, a container's."""


def person(process: Path = Path("/proc/self"), user: int | None = None) -> str:
    """The name of the user; `eva as root` where another one has logged in. A number where a user has no name.

    In a user namespace, where everybody may be root, it is the user outside of it, with a word about it.
    process: its folder below /proc, see proc(5). user: the process's own.
    """
    user = os.getuid() if user is None else user
    inside = _map(process)
    name = _name(user, inside)
    login = _login(process)
    if login not in (user, NO_LOGIN):
        name = f"{_name(login, inside)} as {name}"
    return f"{name} in a user namespace" if inside else name


def _login(process: Path) -> int:
    try:
        return int((process / "loginuid").read_text())
    except (OSError, ValueError):  # a kernel without it, or no /proc
        return NO_LOGIN


def _map(process: Path) -> list[tuple[int, int, int]]:
    """Which users of a namespace are whom outside of it: the first of each, and how many. Empty in no namespace."""
    try:
        lines = (process / "uid_map").read_text().splitlines()
        ranges = [(int(first), int(outside), int(number)) for first, outside, number in map(str.split, lines)]
    except (OSError, ValueError):
        return []
    return [] if ranges == [(0, 0, NO_LOGIN)] else ranges


def _name(user: int, inside: list[tuple[int, int, int]]) -> str:
    user = next((outside + user - first for first, outside, number in inside if first <= user < first + number), user)
    try:
        return pwd.getpwuid(user).pw_name
    except (KeyError, OverflowError):
        return str(user)
