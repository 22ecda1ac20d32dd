"""The activity log made anew from the exports: where it was damaged or lost, or was read with a wrong mapping.

Alerts, windows, the governance log and how far each input was read stay as they are: nothing is raised or sent a second time.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from casbd.clock import Clock
from casbd.config.settings import InputSettings, Settings
from casbd.daemon.engine import Engine, detect
from casbd.errors import CasbdError
from casbd.inputs.following import Inputs
from casbd.inputs.unread import UNFINISHED
from casbd.model.chunk import InputSpec
from casbd.pipeline import Pipeline
from casbd.store.database import Store
from casbd.store.log import segments, swap
from casbd.store.state import habits, input_progress
from casbd.store.state.input_progress import Counts


def rebuild(
    engine: Engine, store: Store, files: Sequence[Path], clock: Clock, *, given: str | None, less: bool, tell: Callable[[str], None]
) -> Counts:
    """Read these files as the inputs that they belong to would, into a log that takes the place of the store's; what came of them.

    given: the input that all of them belong to; else each belongs to the one whose path it fits. The store is the caller's alone.
    less: take the new log also where it has fewer activities than the old one, or some records were rejects.
    CasbdError where a file belongs to none, cannot be read, or activities are still to be sent; then nothing has changed.
    """
    if unsent := swap.waiting(store):
        raise CasbdError(f"activities are still to be sent to {', '.join(unsent)}: deliver them first (casbd run --once)")
    specs = [_spec(engine.settings, path, given) for path in files]
    try:
        with swap.begin(store) as other:
            _read(engine, other, specs, clock, tell)
            while segments.compact(other, at_least=1):
                pass
            counts = [*input_progress.counts(other.connection).values()]
        old, new = swap.activities(store), sum(one.activities for one in counts)
        rejects = sum(one.rejects for one in counts)
        if not less and (new < old or rejects):
            raise CasbdError(
                f"nothing is changed: the new log would have {new} activities and {rejects} rejects, the old one has {old}; --yes takes it"
            )
        swap.swap(store)
        with store.transaction() as connection:
            habits.forget_all(connection)  # what is usual is learned anew, from the new log
    finally:
        swap.remove_rest(store)
    return Counts(*(sum(numbers) for numbers in zip(*(msgspec.structs.astuple(one)[:5] for one in counts), strict=True)))


def _spec(settings: Settings, path: Path, given: str | None) -> InputSpec:
    fits = [one for one in settings.inputs if (one.spec.name == given if given else _fits(path, one))]
    if not path.is_file():
        raise CasbdError(f"{path}: there is no such file")
    if not fits:
        names = ", ".join(one.spec.name for one in settings.inputs)
        raise CasbdError(f"{path} belongs to no input; say which with --input (there are: {names})")
    return msgspec.structs.replace(fits[0].spec, path=glob.escape(str(path.resolve())))


def _fits(path: Path, entry: InputSettings) -> bool:
    return fnmatch(str(path.resolve()), str(Path(entry.spec.path)))


def _read(engine: Engine, other: Store, specs: Sequence[InputSpec], clock: Clock, tell: Callable[[str], None]) -> None:
    scanner = engine.scanner(other.salt())
    pipeline = Pipeline(other, msgspec.structs.replace(engine.settings, outputs=(), connectors=()), [], clock, engine.rails)
    for spec in specs:
        with other.transaction() as connection:
            input_progress.ensure(connection, spec.name, clock())
        inputs = Inputs([spec], [], detect, clock)
        try:
            _read_one(inputs, lambda chunk: pipeline.commit([scanner.scan(chunk)]))
            for one in inputs.unread():
                if one.why != UNFINISHED:
                    raise CasbdError(f"{one.path}: {one.why}")
                tell(f"{one.path}: {one.why}, and not in the new log")
        finally:
            inputs.close()
        tell(spec.path)


def _read_one(inputs: Inputs, store: Callable[..., object]) -> None:
    for last in (False, True):
        if last:
            inputs.finish()
        for chunk in inputs.everything():
            store(chunk)
