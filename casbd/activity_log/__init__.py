"""The read side of the activity log."""

from casbd.activity_log.search import get, predicate, pretty_raw, search

__all__ = ["get", "predicate", "pretty_raw", "search"]
