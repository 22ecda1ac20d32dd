"""Spans of event time that hold an entry: the longest ones, and what windows among them span together."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from casbd.model.counted import Entry

Reach = tuple[int, int]
"""First and last moment, both included."""


def longest_spans(entries: Sequence[Entry], position: int, within: int) -> Iterator[tuple[int, int]]:
    """Every longest span that holds an entry, from the one that ends with it to the one that begins with it: start and end."""
    begin = end = bisect_left(entries, entries[position].timestamp - within, key=time_of)
    for start in range(begin, position + 1):
        end = bisect_right(entries, entries[start].timestamp + within, end, key=time_of)
        yield start, end


def whole_reach(entries: Sequence[Entry], position: int, enough: int, last: int, within: int) -> Reach:
    """What windows span that hold an entry. enough: when the earliest of them has all it needs. last: where the latest begins."""
    return max(enough, entries[position].timestamp) - within, entries[last].timestamp + within


def time_of(entry: Entry) -> int:
    """When an entry was, to look for a place among entries."""
    return entry.timestamp
