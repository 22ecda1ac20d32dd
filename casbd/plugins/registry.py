"""Finding plugins: every module of a kind's folder registers exactly one class, under the module's own name.

@plugin
class Syslog: ...           # casbd/outputs/syslog.py is the output type `syslog`
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any, Literal, TypeVar

Kind = Literal["formats", "enrichers", "detections", "outputs", "connectors"]
T = TypeVar("T", bound=type)

_found: dict[tuple[str, str], type] = {}


def plugin(cls: T) -> T:
    """Register the class under its module's name."""
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
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def load(kind: Kind, name: str) -> Any:
    """The class of one plugin; imports its module only now. KeyError where there is none."""
    if name not in names(kind):
        raise KeyError(name)
    importlib.import_module(f"casbd.{kind}.{name}")
    return _found[kind, name]


def load_all(kind: Kind) -> dict[str, Any]:
    """All plugins of a kind, by name."""
    return {name: load(kind, name) for name in names(kind)}
