"""`casbd.yaml` to typed settings.

Loaded when they are asked for: most commands want to know but where the store is (`casbd.config.place`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casbd.config.settings import InputSettings, PluginSettings, Settings, load, read

__all__ = ["InputSettings", "PluginSettings", "Settings", "load", "read"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.settings"), name)
