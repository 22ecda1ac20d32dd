"""docs/splunk.md as written, and that an installed casbd has the add-on."""

import configparser
import json
import re
import subprocess
import tarfile
from collections import Counter

import pytest
from conf_files import ADDON, ROOT, SC4S, read
from searches import unknown_fields

from casbd.config import reading

GUIDE = (ROOT / "docs" / "splunk.md").read_text()


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_package_is_the_add_on(tmp_path):
    [command] = re.findall(r"```\n(tar .*)\n```", GUIDE)
    subprocess.run(command.replace("TA-casbd.tar.gz", str(tmp_path / "package"), 1).split(), cwd=ROOT, check=True)
    with tarfile.open(tmp_path / "package") as package:
        assert {name.removeprefix("TA-casbd/") for name in package.getnames() if package.getmember(name).isfile()} == files(ADDON)
        assert {member.uid for member in package} == {0}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL))
def test_the_outputs_are_right(tmp_path, block):
    (tmp_path / "rules").mkdir()
    (tmp_path / "sc4s-ca.pem").write_text("")
    path = tmp_path / "casbd.yaml"
    path.write_text(f"state_dir: state\nrules: [rules]\ninputs:\n  - {{name: x, path: /nowhere/*}}\n{block}")
    _, mistakes = reading.read(path)
    assert [str(mistake) for mistake in mistakes] == []


def test_the_guide_names_every_event_type_and_model():
    for name in read("eventtypes.conf"):
        assert f"`{name}`" in GUIDE
    for name in [*read("macros.conf"), *read("transforms.conf")]:
        assert name.startswith("casbd_cef") or name in GUIDE or name in ("casbd_severities", "casbd_techniques")


def test_what_the_add_on_for_office_365_calls_it(events):
    """Of the table, what is the same, and what is only written otherwise."""
    table = dict(re.findall(r"^\| `(\w+)` \| `(\w+)`.* \|$", GUIDE, re.MULTILINE))
    same = {theirs: table[theirs] for theirs in ("Id", "CreationTime", "Operation", "UserAgent", "UserId")}
    seen = Counter()
    for event in events["json"]:
        if event.get("casbd_format") != ["m365"] or not event["raw"][0].startswith("{"):
            continue
        record = json.loads(event["raw"][0])
        for theirs, ours in same.items():
            value = event["src_user"] if theirs == "UserId" and "src_user" in event else event.get(ours)
            if record.get(theirs) and value != ["unknown"]:
                one, other = value[0].removesuffix(".000Z"), record[theirs].removesuffix("Z")
                assert one == other or (theirs == "UserId" and one.casefold() == other.casefold())
                seen[theirs] += 1
    assert seen.keys() == same.keys()


def test_the_search_of_the_guide_names_fields_that_there_are(events):
    [search] = re.findall(r"```\n(\(sourcetype=.*)\n```", GUIDE)
    known = {field for event in events["json"] for field in event}
    assert unknown_fields(search, known | {"Id"}) == set()


@pytest.mark.parametrize("folder", [ADDON, SC4S])
def test_all_of_it_is_installed(folder):
    """Under share/casbd/splunk."""
    setup = configparser.ConfigParser()
    setup.optionxform = str
    setup.read(ROOT / "setup.cfg")
    installed = set()
    for target, patterns in setup["options.data_files"].items():
        for pattern in patterns.split():
            installed |= {f"{target}/{path.name}" for path in ROOT.glob(pattern)}
    assert {f"share/casbd/splunk/{folder.name}/{name}" for name in files(folder)} <= installed
