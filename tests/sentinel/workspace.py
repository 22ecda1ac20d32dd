"""A workspace of Log Analytics with casbd's own events in it, which runs KQL: duckdb-kql.

What it does not know: `has_any_ipv4_prefix`, which stands here as what it means for one prefix; `ingestion_time`, which is the test's;
calls of functions with named arguments, so that a parser is run as its query with its parameters set before.
"""

import json
import re

import duckdb_kql
from solution import TABLES

from casbd.outputs._message import json_fields
from casbd.wire.sentinel_rows import row, table_of

_TYPES = {"datetime": "TIMESTAMP", "string": "VARCHAR", "long": "BIGINT", "real": "DOUBLE", "boolean": "BOOLEAN", "dynamic": "JSON"}
_PREFIX = re.compile(r"has_any_ipv4_prefix\((\w+), (\w+)\)")


class Workspace:
    """place: a directory for files. items: the alerts, activities and commands that were sent to it. now: what `now()` is.

    ingested: when all of it came, as KQL has it; None: at its own time.
    """

    def __init__(self, place, items, now, ingested=None):
        self._connection = duckdb_kql.connect()
        self._now = now
        self._ingested = f"datetime({ingested})" if ingested else "TimeGenerated"
        self._found = {}
        lines = {name: [] for name in TABLES}
        for item in items:
            lines[f"{table_of(item)}_CL"].append(json.dumps(json.loads(row(item, json_fields(item)))))  # an exported record may have lines
        for name, columns in TABLES.items():
            (place / name).write_text("".join(f"{line}\n" for line in lines[name]))
            self._table(place / name, name, {column: _TYPES[kind] for column, kind in columns.items()})

    def _table(self, path, name, types):
        """In Log Analytics a text that was not sent is empty, not null."""
        kinds = ", ".join(f"{column}: '{kind}'" for column, kind in types.items())
        values = (f"coalesce({column}, '') AS {column}" if kind == "VARCHAR" else column for column, kind in types.items())
        read = f"read_json('{path}', format = 'newline_delimited', columns = {{{kinds}}})"
        self._connection.execute(f"CREATE TABLE {name} AS SELECT {', '.join(values)} FROM {read}")

    def run(self, query):
        """The rows that a query gives, as mappings."""
        if query not in self._found:
            self._found[query] = self._run(query)
        return self._found[query]

    def _run(self, query):
        query = _PREFIX.sub(r"\1 startswith tostring(\2[0])", query)
        query = query.replace("ingestion_time()", self._ingested)
        found = duckdb_kql.query(self._connection, query, query_now=self._now)
        return [dict(zip(found.columns, values, strict=True)) for values in found.fetchall()]
