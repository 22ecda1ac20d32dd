"""Whether an activity meets a filter."""

from pathlib import Path

from casbd.filters.compile import compile_filter
from casbd.model.activity import Activity
from casbd.policies.loading import load_file

NOW = 1_770_000_000_000


def holds(filters: str, activity: Activity) -> bool:
    policy = load_file(Path("x.yaml"), None, f"name: x\nfilters: {filters}")
    return compile_filter(policy.filters, now=lambda: NOW)(activity)
