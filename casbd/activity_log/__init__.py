"""The read side of the activity log."""

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.search import Wanted, pretty_raw, search

__all__ = ["ActivityLog", "Wanted", "pretty_raw", "search"]
