"""Being woken when something changes: watchdog's observers on the directories. Only a wake-up; scans are the truth."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

from casbd.inputs.changes import Changes

_log = logging.getLogger(__name__)

# Not the events of opening and closing: casbd's own reading would wake it.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileAttribEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]


class _Handler(FileSystemEventHandler):
    """Notes what the observers report."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by an observer's thread when something happened."""
        if isinstance(event, FileModifiedEvent):
            self._changes.modified(os.fsdecode(event.src_path))
        else:
            self._changes.names_changed()


class Watch:
    """Watches directories through inotify, or by polling where asked to or where inotify is not to be had."""

    def __init__(self, changes: Changes) -> None:
        self._changes, self._handler = changes, _Handler(changes)
        self._observers: dict[bool, BaseObserver] = {}
        self._watched: dict[str, tuple[bool, tuple[int, int], ObservedWatch]] = {}
        self._poll_all = False

    def arm(self, directories: Iterable[tuple[str, bool]]) -> None:
        """Watch exactly these directories, each by polling or not. One that was deleted and made again is watched anew.

        Where one was not watched before, its names count as changed: nobody reports what was made there since it was looked at.
        """
        wanted = {directory: poll or self._poll_all for directory, poll in directories}
        for directory in [directory for directory in self._watched if directory not in wanted]:
            self._forget(directory)
        for directory, poll in wanted.items():
            identity = _identity(directory)
            watched = self._watched.get(directory)
            if watched and watched[:2] != (poll, identity):
                self._forget(directory)
            if identity and directory not in self._watched:
                self._watch(directory, poll, identity)

    def close(self) -> None:
        """Stop the observers and wait for their threads."""
        for observer in self._observers.values():
            observer.stop()
            observer.join()
        self._observers.clear()
        self._watched.clear()

    def _watch(self, directory: str, poll: bool, identity: tuple[int, int]) -> None:
        try:
            watch = self._observer(poll).schedule(self._handler, directory, event_filter=_EVENTS)
        except OSError as error:
            if poll or isinstance(error, (FileNotFoundError, PermissionError)):
                return  # the next scan reports it, and tries again
            if not self._poll_all:
                _log.warning("inotify cannot be used, polling instead", extra={"path": directory, "error": str(error)})
            self._poll_all = True
            self._watch(directory, True, identity)
        else:
            self._watched[directory] = (poll, identity, watch)
            self._changes.names_changed()

    def _observer(self, poll: bool) -> BaseObserver:
        if poll not in self._observers:
            observer = PollingObserver(timeout=1.0) if poll else _inotify()
            observer.start()
            self._observers[poll] = observer
        return self._observers[poll]

    def _forget(self, directory: str) -> None:
        poll, _, watch = self._watched.pop(directory)
        with contextlib.suppress(KeyError, OSError):  # its directory is gone, and the watch with it
            self._observers[poll].unschedule(watch)


def _inotify() -> BaseObserver:
    from watchdog.observers.inotify import InotifyObserver

    return InotifyObserver()


def _identity(directory: str) -> tuple[int, int] | None:
    try:
        status = os.stat(directory)  # noqa: PTH116
    except OSError:
        return None
    return (status.st_dev, status.st_ino)
