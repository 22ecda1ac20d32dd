"""Sigma rules, correlations and filters as they are, through pySigma (https://sigmahq.io): each rule becomes one policy.

pySigma is imported when the first such file is met (`rules.py`).
"""

from typing import Any

LEVEL_CRITICAL = "critical"


def is_sigma(data: Any) -> bool:
    """Whether a document is a Sigma rule, a correlation of some, or a filter for some."""
    return isinstance(data, dict) and not data.keys().isdisjoint(("logsource", "detection", "correlation"))
