"""The state directory: one SQLite file, one writer process, one transaction a batch."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from casbd.errors import StateInUse, StoreError
from casbd.store import schema, sql_functions
from casbd.store.turns import Turns

FILE = "casbd.sqlite"
LOCK = "casbd.lock"
_NOTHING_YET = "there is no activity log yet (has `casbd run` been started?)"


class Store:
    """An open state directory.

    `Store(path)` is the daemon's: it makes the directory if need be and holds its lock (StateInUse where another has it).
    `Store(path, readonly=True)` is everybody else's, while the daemon runs or not (StoreError where there is none).
    Not for use by several threads: each opens its own with `another()`.
    """

    def __init__(self, directory: Path, *, readonly: bool = False, locked: bool = True) -> None:
        self.directory = directory
        self.readonly = readonly
        self.turns = Turns()
        self._lock: int | None = None
        if not readonly and locked:
            try:
                directory.mkdir(mode=0o750, parents=True, exist_ok=True)
                self._lock = _take_lock(directory / LOCK)
            except OSError as error:
                raise StoreError(f"{directory}: {error.strerror}") from None
        try:
            self.connection = _connect(directory / FILE, readonly=readonly)
        except (sqlite3.Error, OSError, StoreError) as error:
            self._release()
            why = error.strerror if isinstance(error, OSError) else error
            raise StoreError(f"{directory / FILE}: {why}") from None

    def another(self) -> Store:
        """A connection of its own for another thread of this process, under the same lock; they write in turns."""
        store = Store(self.directory, readonly=self.readonly, locked=False)
        store.turns = self.turns
        return store

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is stored, or (on any exception) nothing. Durable once the block is left."""
        with self.turns.mine():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:  # a full disk may show only now: a transaction left open would fail all that follow
                self.connection.rollback()
                raise

    def salt(self) -> bytes:
        """16 random bytes of this store: keys of activities cannot be made to collide by who does not know them."""
        row = self.connection.execute("SELECT value FROM meta WHERE name = 'salt'").fetchone()
        if row is None:
            value = os.urandom(16)
            with self.transaction() as connection:
                connection.execute("INSERT INTO meta VALUES ('salt', ?)", (value,))
            return value
        return bytes(row[0])

    def size(self) -> int:
        """Bytes on disk."""
        total = 0
        for path in (*self.directory.glob(FILE + "*"), *self.directory.glob("**/*.parquet")):
            with suppress(FileNotFoundError):  # SQLite removes its log when the last one closes
                total += path.stat().st_size
        return total

    def close(self) -> None:
        """Close the file and give the lock back."""
        self.connection.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _take_lock(path: Path) -> int:
    """The kernel gives the lock back when the process dies, however it dies."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StateInUse(f"another casbd runs on {path.parent}") from None
    return lock


def in_use(directory: Path) -> bool:
    """Whether a daemon holds the lock of a state directory."""
    try:
        lock = os.open(directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def is_new(directory: Path) -> bool:
    """Whether there is no store in a state directory, as far as this user can see."""
    try:
        (directory / FILE).stat()
    except FileNotFoundError:
        return True
    except OSError:  # it may be there
        return False
    return False


def _connect(file: Path, *, readonly: bool) -> sqlite3.Connection:
    if readonly:
        if is_new(file.parent):
            raise StoreError(_NOTHING_YET)
        file.stat()
        return _ready(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30), _look_into)
    with suppress(FileExistsError):  # SQLite's own mode would let everybody read
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
    # One that is there is not opened here: to close a file takes away all locks that this process has on it (POSIX). Another process
    # would then take itself for the last one, and remove the log that we still write to (https://www.sqlite.org/howtocorrupt.html 2.2).
    if not os.access(file, os.R_OK | os.W_OK):
        raise StoreError("this user may not write to it")
    return _ready(sqlite3.connect(file, isolation_level=None, timeout=30), _set_up)


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA page_size = 16384")  # blocks are blobs of 100 KB: fewer overflow pages
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit that returned survives a power cut
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
    connection.execute("PRAGMA journal_size_limit = 67108864")  # what a long reader made the log grow to is given back
    schema.prepare(connection)


def _look_into(connection: sqlite3.Connection) -> None:
    version = schema.version(connection)
    if version == 0:  # the daemon is just making it
        raise StoreError(_NOTHING_YET)
    if version != schema.VERSION:
        raise StoreError("an older casbd wrote it; `casbd run` brings it up to date when it starts")


def _ready(connection: sqlite3.Connection, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """The connection after its first use, where a damaged file shows; closed if that fails."""
    try:
        sql_functions.add(connection)
        prepare(connection)
    except BaseException:  # whatever ends it: nobody else has the connection to close it
        connection.close()
        raise
    return connection
