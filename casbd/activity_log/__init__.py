"""The read side of the activity log, for commands and programs: filters in, activities or Arrow columns out.

    with Store(Path("/var/lib/casbd"), readonly=True) as store:
        log = ActivityLog(store)
        wanted = Wanted(["activity_type eq Failed log on", "country neq NO"], now)
        for activity in search(log, wanted, since=since, limit=100): ...     # the newest first
        for batch in log.arrow(wanted, ["timestamp", "user", "ip_address"], since): ...     # pyarrow.RecordBatch
        log.counts(wanted, ["user", "day"], since)                           # {("anna@contoso.com", "2026-01-31"): 12, ...}

Times are milliseconds since 1970, UTC, both ends of a span included. It works while the daemon runs.
"""

from casbd.activity_log.cursor import Cursor
from casbd.activity_log.free_text import containing
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.search import pretty_raw, search
from casbd.activity_log.wanted import Wanted

__all__ = ["ActivityLog", "Cursor", "Wanted", "containing", "pretty_raw", "search"]
