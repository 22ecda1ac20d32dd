"""Rule files: loading with all mistakes, filters, matching, repeated activity.

Loaded when they are asked for: a search needs the filters alone, and answers in the time that loading the rest would take.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casbd.policies.compile import compile_filter
    from casbd.policies.condition_text import parse_condition, parse_conditions
    from casbd.policies.loading import RuleSet, load, load_all_of, load_file, load_rule_set, load_sigma, rule_files
    from casbd.policies.matcher import Matcher
    from casbd.policies.policy import Policy, Repeated

__all__ = [
    "Matcher",
    "Policy",
    "Repeated",
    "RuleSet",
    "compile_filter",
    "load",
    "load_all_of",
    "load_file",
    "load_rule_set",
    "load_sigma",
    "parse_condition",
    "parse_conditions",
    "rule_files",
]
_WHERE = {"compile_filter": "compile", "Matcher": "matcher", "Policy": "policy", "Repeated": "policy"}
_WHERE |= dict.fromkeys(("parse_condition", "parse_conditions"), "condition_text")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE.get(name, 'loading')}"), name)
