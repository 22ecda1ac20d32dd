"""docs/splunk.md as written, and that an installed casbd has the add-on."""

import configparser
import re
import subprocess
import tarfile

import pytest
from conf_files import ADDON, ROOT, SC4S, read

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
