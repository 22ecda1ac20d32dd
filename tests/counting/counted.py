"""Rules and entries of runs, added one by one."""

import itertools

from casbd.counting.match import Step
from casbd.counting.repeated import Repeated
from casbd.counting.runs import Runs
from casbd.counting.sequenced import Sequenced
from casbd.counting.steps import step_entry
from casbd.filters.tree import AllOf
from casbd.model.counted import Entry


def rule(repeated, within, unique=None):
    return Repeated(repeated=repeated, within=within, unique=unique)


def entry(timestamp, value=None, key=None):
    return Entry(timestamp, timestamp if key is None else key, f"id-{timestamp}-{key}", value)


class Counted:
    """Adds entries one by one, with alert ids a, b, c ..."""

    def __init__(self, rule, entries=()):
        self.runs = Runs(rule, entries)
        self.ids = map("".join, itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=1))

    def add(self, timestamp, value=None, key=None):
        return self.runs.add(entry(timestamp, value, key), lambda: next(self.ids))

    def add_all(self, *timestamps):
        return [self.add(timestamp) for timestamp in timestamps]


def members(change):
    return [one.timestamp for one in change.members]


def sequence(*repeated, within=10, any_order=False):
    steps = tuple(Step(filters=AllOf(()), repeated=number) for number in repeated)
    return Sequenced(steps=steps, within=within, any_order=any_order)


class Stepped(Counted):
    """Adds entries by the step or the steps that they are, from 0."""

    def add(self, timestamp, *steps, key=None):
        value = str(sum(1 << step for step in steps))
        return self.runs.add(step_entry(entry(timestamp, value, key)), lambda: next(self.ids))
