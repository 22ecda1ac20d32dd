"""What of one input is not read, in words, with what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from casbd.inputs.discovery import PassedOver
from casbd.inputs.fence import wildcard
from casbd.inputs.followed_file import FollowedFile
from casbd.model.chunk import InputSpec
from casbd.model.unread import Kind, Unread

SETTLED = 60_000
"""Milliseconds without a change after which nobody is taken to be writing a file any more."""

BUFFERED = 3_600_000
"""Milliseconds after which the rest of a record is not taken any more to be in its writer's buffer."""

UNFINISHED = "its last record is not whole"


def of_file(file: FollowedFile, now: int, *, final: bool) -> Unread | None:
    """What of a file is not read, if anything. final: nothing more is expected; else a file that is being written is no news."""
    age = now - file.snapshot.mtime // 1_000_000
    recent = age < SETTLED
    if (problem := file.problem) and file.gone is None:  # a deleted one is kept open for a while
        return _of(file, problem.why, problem.advice, "waiting" if problem.heals and recent else "unread")
    if file.waiting and file.offset and (final or age > BUFFERED):
        return _of(file, UNFINISHED, "end it with a line break if it is whole", "waiting" if age < BUFFERED else "unread")
    if file.waiting and not file.offset and (final or not recent):
        why = "no record can be cut from it: it is no JSON or CSV, and has no whole line"
        return _of(file, why, "end it with a line break if it is whole", "waiting" if recent else "unread")
    if final and file.queued and not file.waiting:
        return _of(file, "its turn has not come yet", "run again", "waiting")
    return None


def _of(file: FollowedFile, why: str, advice: str, kind: Kind) -> Unread:
    return Unread(input=file.spec.name, path=file.snapshot.path, why=why, advice=advice, size=file.left, kind=kind)


def passed_over(spec: InputSpec, files: Iterable[PassedOver]) -> list[Unread]:
    """What the path's wildcards meet that is no file to be read."""
    return [Unread(input=spec.name, path=one.path, why=one.why, advice=one.advice, kind=one.kind) for one in files]


def nothing_matches(spec: InputSpec, over: Iterable[PassedOver]) -> Unread:
    """No file is there at all, and none ever was."""
    directories = [one.path for one in over if one.why == "it is a directory"]
    base = spec.path
    while wildcard(base) or not base:
        base = os.path.dirname(base)  # noqa: PTH120
    directory = base if base != spec.path else os.path.dirname(base)  # noqa: PTH120
    if not os.path.isdir(directory):  # noqa: PTH112
        return Unread(
            input=spec.name,
            path=directory,
            why=f"there is no such directory, so no file matches {spec.path}",
            advice="mend `path` or make it",
        )
    advice = (
        "it meets directories alone: `/**/*` at its end looks into them" if directories else "the export may still come; else mend `path`"
    )
    return Unread(input=spec.name, path=spec.path, why="no file matches", advice=advice, kind="unread" if directories else "waiting")
