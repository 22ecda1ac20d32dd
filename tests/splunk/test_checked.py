"""The add-on, looked at by AppInspect, ksconf and splint, as Splunk and its users do (README's second block installs them)."""

import json
import re
import subprocess
import tarfile

import pytest
from conf_files import ADDON, ROOT, read
from searches import searches

from casbd import __version__

TOOLS = ROOT / ".venv-splunk" / "bin"


def tool(name, *arguments):
    """What a tool says, and its exit code."""
    if not (TOOLS / name).exists():
        pytest.skip(f"{name} is not installed (requirements/splunk.txt into .venv-splunk)")
    return subprocess.run([TOOLS / name, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def owned_by_nobody(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def test_appinspect_has_nothing_to_say(tmp_path):
    """The package, as Splunk Cloud inspects one before it is installed: no error, failure or warning."""
    with tarfile.open(tmp_path / "TA-casbd.tar.gz", "w:gz") as package:
        package.add(ADDON, "TA-casbd", filter=owned_by_nobody)
    how = ("--mode", "precert", "--included-tags", "cloud", "--ci")
    output = ("--output-file", tmp_path / "found.json", "--data-format", "json")
    done = tool("splunk-appinspect", "inspect", tmp_path / "TA-casbd.tar.gz", *how, *output)

    found = json.loads((tmp_path / "found.json").read_text())
    checks = [check for report in found["reports"] for group in report["groups"] for check in group["checks"]]
    said = [(check["name"], check["messages"]) for check in checks if check["result"] not in ("success", "not_applicable")]
    assert said == []
    assert found["summary"]["success"] > 90
    assert done.returncode == 0


def test_ksconf_reads_every_file():
    done = tool("ksconf", "check", *sorted((ADDON / "default").glob("*.conf")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_splint_finds_no_costly_search(tmp_path):
    paths = []
    for name, search in searches().items():
        paths.append(tmp_path / (re.sub(r"\W+", "-", name) + ".spl"))
        paths[-1].write_text(search + "\n")
    done = tool("splint", *paths)
    assert done.returncode == 0, done.stdout


def test_the_version_is_casbds():
    manifest = json.loads((ADDON / "app.manifest").read_text())["info"]["id"]
    conf = read("app.conf")
    assert {manifest["version"], conf["id"]["version"], conf["launcher"]["version"]} == {__version__}
    assert {manifest["name"], conf["id"]["name"], conf["package"]["id"]} == {ADDON.name}
