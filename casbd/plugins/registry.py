"""Finding plugins: every module of a kind's folder registers exactly one class, under the module's own name.

@output
class Syslog: ...           # casbd/outputs/syslog.py is the output type `syslog`

The decorator of a kind is typed: what lacks a part of its protocol, or has it otherwise, is an error of the type checker.

A plugin may be data: `casbd/formats/services/NAME.yaml` is the format NAME, which `casbd/formats/_service.py` makes of the file.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from casbd.errors import Mistakes
from casbd.plugins import Connector, Enricher, Format, Output

Kind = Literal["formats", "enrichers", "detections", "outputs", "connectors"]
F = TypeVar("F", bound=Format)
E = TypeVar("E", bound=Enricher)
O = TypeVar("O", bound=Output)  # noqa: E741  the letter of its kind
C = TypeVar("C", bound=Connector)

_found: dict[tuple[str, str], Any] = {}


def format(cls: type[F]) -> type[F]:  # noqa: A001  what it makes is a format
    """Register an export format."""
    return _registered(cls)


def enricher(cls: type[E]) -> type[E]:
    """Register an enricher."""
    return _registered(cls)


def output(cls: type[O]) -> type[O]:
    """Register a kind of destination."""
    return _registered(cls)


def connector(cls: type[C]) -> type[C]:
    """Register what carries out governance actions."""
    return _registered(cls)


T = TypeVar("T")


def detection(cls: type[T]) -> type[T]:
    """Register a kind of `match:`. Its file takes the typed decorator of `casbd/policies/kinds.py`, which says what it must be."""
    return _registered(cls)


def _registered(cls: type[T]) -> type[T]:
    # by the module and not by a name that it gives itself: so a plugin is what its file says, and two cannot have one name
    kind, name = cls.__module__.split(".")[-2:]
    if (kind, name) in _found:
        raise RuntimeError(f"{cls.__module__} registers two plugins; a plugin is one file")
    setattr(cls, "name", name)  # noqa: B010  a plain assignment is an unknown attribute to the type checker
    _found[kind, name] = cls
    return cls


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """The names of all plugins of a kind, sorted. A module that starts with `_` is shared code, not a plugin."""
    package = importlib.import_module(f"casbd.{kind}")
    modules = {m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")}
    return tuple(sorted(modules | data(kind).keys()))


@cache
def data(kind: Kind) -> dict[str, Path]:
    """The files of the plugins of a kind that are data, by name."""
    package = importlib.import_module(f"casbd.{kind}")
    return {file.stem: file for folder in package.__path__ for file in sorted(Path(folder, "services").glob("*.yaml"))}


@overload
def load(kind: Literal["formats"], name: str) -> type[Format]: ...
@overload
def load(kind: Literal["enrichers"], name: str) -> type[Enricher]: ...
@overload
def load(kind: Literal["outputs"], name: str) -> type[Output]: ...
@overload
def load(kind: Literal["connectors"], name: str) -> type[Connector]: ...
@overload
def load(kind: Kind, name: str) -> type[Any]: ...
def load(kind: Kind, name: str) -> Any:
    """The class of one plugin; imports its module, or reads its file, only now. KeyError where there is none, Mistakes of a file."""
    if (kind, name) in _found:
        return _found[kind, name]
    if name not in names(kind):
        raise KeyError(name)
    if name in data(kind):
        cls = _found[kind, name] = importlib.import_module(f"casbd.{kind}._service").plugin(data(kind)[name])
        return cls
    module = importlib.import_module(f"casbd.{kind}.{name}")
    if (kind, name) not in _found:
        raise RuntimeError(f"{module.__file__} registers nothing: CONTRIBUTING.md shows how one of {kind} begins")
    return _found[kind, name]


@overload
def load_all(kind: Literal["formats"]) -> dict[str, type[Format]]: ...
@overload
def load_all(kind: Literal["enrichers"]) -> dict[str, type[Enricher]]: ...
@overload
def load_all(kind: Literal["outputs"]) -> dict[str, type[Output]]: ...
@overload
def load_all(kind: Literal["connectors"]) -> dict[str, type[Connector]]: ...
@overload
def load_all(kind: Kind) -> dict[str, Any]: ...
def load_all(kind: Kind) -> dict[str, Any]:
    """All plugins of a kind, by name. One whose file is damaged is not there: who does not ask for it by its name goes on without it."""
    return {name: cls for name in names(kind) if (cls := _undamaged(kind, name)) is not None}


def _undamaged(kind: Kind, name: str) -> Any:
    try:
        return load(kind, name)
    except Mistakes:
        return None
