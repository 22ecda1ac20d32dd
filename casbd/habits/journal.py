"""What the journal had when a process began, until the memories are read that lack it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from casbd.habits.shelf import Shelf
from casbd.model.counted import Entry
from casbd.store.state.habits import Name


class Journal:
    """number: of the activities in it."""

    def __init__(self, shelf: Shelf) -> None:
        self.number = 0
        self._by_name: defaultdict[Name, list[tuple[int, list[Entry]]]] = defaultdict(list)
        self._of_all: defaultdict[str, list[tuple[int, str, Entry]]] = defaultdict(list)
        for commit, observed in shelf.noted():
            by_name: dict[Name, list[Entry]] = {}
            for remembers, who, entry in observed:
                by_name.setdefault((remembers, who), []).append(entry)
                self._of_all[remembers].append((commit, who, entry))
            for name, entries in by_name.items():
                self._by_name[name].append((commit, entries))
            self.number += len(observed)

    def names(self) -> Iterator[Name]:
        """Whose memories lack something, and those of all together."""
        yield from self._by_name
        yield from ((remembers, "") for remembers in self._of_all)

    def of(self, name: Name, through: int) -> Iterator[list[Entry]]:
        """What a subject did in each commit after that one; asked for once."""
        yield from (entries for commit, entries in self._by_name.pop(name, ()) if commit > through)

    def of_all(self, remembers: str, through: int) -> Iterator[tuple[str, Entry]]:
        """What anybody did, and who, in order; asked for once."""
        yield from ((who, entry) for commit, who, entry in self._of_all.pop(remembers, ()) if commit > through)
