"""What casbd itself makes of the samples of every format and of the quick start's exports: alerts, activities, commands, to send."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FORMATS = ROOT / "tests" / "formats"
NO_RECORDS = {".py", ".pyc", ".md", ".yaml"}
CONFIGURATION = """\
state_dir: state
rules: [rules, own]
inputs:
{inputs}
organization: {{domains: [contoso.com]}}
outputs:
{outputs}
connectors:
  - {{name: works, type: command, command: [/bin/true], actions: ["*"], domains: [contoso.com, "*.contoso.com"]}}
  - {{name: fails, type: command, command: [/bin/false], actions: ["*"], domains: [contoso.com, "*.contoso.com"]}}
governance: {{mode: enforce, max_activity_age: 10000d, max_per_hour: 1000}}
"""
GOVERNANCE = """\
name: Acts
severity: high
filters: {activity_type: {eq: [Failed log on, Create inbox rule]}}
alert: {suppress: 1h}
governance:
  - {action: suspend_user, connector: works}
  - {action: revoke_admin_privileges, connector: fails}
  - {action: notify_user, connector: works, message: Was this you?}
"""


def casbd(place, *arguments, **environment):
    """A command."""
    command = [sys.executable, "-P", "-m", "casbd", "-c", "casbd.yaml", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, env=os.environ | environment)


def lay_out(place, *outputs):
    """The samples of each format and the quick start's exports, each in an input of its own. outputs: as YAML has them."""
    inputs = []
    for path in sorted([*FORMATS.rglob("*"), *(ROOT / "conf" / "quickstart").glob("*.*json*")]):
        if path.is_file() and path.suffix not in NO_RECORDS and not any(word in path.name for word in ("expected", "golden", "LICENSE")):
            name = path.relative_to(FORMATS).parts[0] if path.is_relative_to(FORMATS) else "quickstart"
            target = place / "in" / name / f"{len(inputs)}-{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            inputs.append(name)
    lines = [f"  - {{name: {name}, path: in/{name}/*, instance: contoso}}" for name in sorted(set(inputs))]
    (place / "casbd.yaml").write_text(CONFIGURATION.format(inputs="\n".join(lines), outputs="\n".join(f"  - {one}" for one in outputs)))
    shutil.copytree(ROOT / "rules", place / "rules")
    (place / "own").mkdir()
    (place / "own" / "acts.yaml").write_text(GOVERNANCE)
