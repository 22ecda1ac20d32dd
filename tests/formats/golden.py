"""Golden files: what a format makes of records, written with CASBD_ACCEPT=1, compared without it; then read the difference."""

import json
import os

from casbd.wire import json_lines


def shown(activities):
    """Activities as JSON has them, without what is unknown."""
    found = [json.loads(json_lines.activity(activity)) for activity in activities]
    return [{name: value for name, value in one.items() if value not in (None, [], "")} for one in found]


def agrees(activities, path):
    """Whether activities are those of a golden file."""
    found = shown(activities)
    if os.environ.get("CASBD_ACCEPT"):
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(path.read_text())
    return True
