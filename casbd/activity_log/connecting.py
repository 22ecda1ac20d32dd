"""DuckDB, which reads the segments and nothing else: no other file, no network, no extension, whatever a query says.

What does not fit into memory it puts into a directory of its own, which nobody else may look into and which goes with it.
https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_SETTINGS = {
    "threads": "2",
    "memory_limit": "'1GB'",
    "max_temp_directory_size": "'10GB'",
    "enable_progress_bar": "false",
    "enable_external_file_cache": "false",
    "python_enable_replacements": "false",  # a name in a query that is no table would be looked for among Python's variables
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_access": "false",
    "lock_configuration": "true",  # the last: nothing can be set after it
}

_OPEN_FILES = "/proc/self/fd/"
"""A segment that is being read may be removed meanwhile, and its directory too: then it has no other name. Of a file that is there,
DuckDB looks at where it is."""


def connect(directories: Iterable[Path]) -> duckdb.DuckDBPyConnection:
    """A database in memory. directories: what is below them may be read; links are followed now, and not later."""
    import duckdb

    # No directory beside the log: who only reads it may not write there.
    spill = tempfile.TemporaryDirectory(prefix="casbd-duckdb-", ignore_cleanup_errors=True)
    places = ", ".join(map(_quoted, [*(f"{directory.resolve()}/" for directory in directories), _OPEN_FILES]))
    own = {"temp_directory": _quoted(spill.name), "allowed_directories": f"[{places}]"}
    connection = duckdb.connect(":memory:")
    connection.execute("; ".join(f"SET {name} = {value}" for name, value in (own | _SETTINGS).items()))
    weakref.finalize(connection, spill.cleanup)
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
