"""Where the SQLite file may name people: all tables but the activities'."""

from __future__ import annotations

PEOPLE = {
    "alerts": "user",
    "governance": "target",
    "habits": "who",
    "habits_to_judge": "who",
    "held_back": "subject",
    "incident_spans": "subject",
    "priority_lessons": "who",
    "priority_parts": "who",
    "window_pages": "subject",
}
"""Columns in which a user may be all of the text. Rows about a person are removed, or renamed."""
TEXTS = {
    "alerts": ("assigned_to",),
    "rejects": ("raw",),
    "audit": ("target", "detail"),
    "destinations": ("last_error",),
    "file_versions": ("text",),
    "refused": ("reason",),
}
BODIES = {
    "alerts": "body",
    "governance": "body",
    "outbox": "body",
    "refused": "body",
    "queries": "body",
    "window_journal": "entries",
    "window_pages": "entries",
    "alert_facts": "facts",
    "habits": "memory",
    "habits_journal": "observed",
}
FORGOTTEN = frozenset({"habits", "habits_to_judge"})
"""Tables whose rows about a person go in any case: nobody of the other name will ever act again."""
OF_A_PLACE = frozenset({"alerts", "governance", "outbox", "refused"})
"""Tables with bodies that say of which app and instance they are."""
WHO = frozenset({"user", "target", "user_id", "named"})
ABOUT = frozenset(
    {"title", "description", "comment", "evidence", "reason", "error", "app_instance", "filters", "text", "assigned_to", "closed_by"}
    | {"request", "answer", "restore", "message", "recipients"}
)
"""Of alerts, commands and saved searches: what has a name as a whole, and what may have one in it."""
