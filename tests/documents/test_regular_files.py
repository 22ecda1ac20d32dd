"""Files that the configuration names: what is no regular file is a mistake that is told, and nothing waits for it or is filled by it."""

import os
from pathlib import Path

import pytest
from certificates import Authority

from casbd.connectors.webhook import Webhook, WebhookOptions
from casbd.documents import Document
from casbd.documents.regular_files import read_file
from casbd.documents.secrets import Key, Secret
from casbd.enrichers._agent_thresholds import read_thresholds
from casbd.enrichers._ip_lists import read_list
from casbd.enrichers._mmdb import Database
from casbd.enrichers._range_file import read_ranges
from casbd.enrichers.users import _read_groups
from casbd.errors import CasbdError, Mistakes
from casbd.onboarding.first_records import first_records
from casbd.outputs.syslog import Syslog, SyslogOptions
from casbd.policies.exceptions import _read

SECRET = "hunter2hunter2"


@pytest.fixture(params=["pipe", "device", "socket", "link to a pipe"])
def strange(request, tmp_path):
    if request.param == "device":
        return Path("/dev/zero")
    path = tmp_path / "strange.yaml"
    if request.param == "socket":
        os.mknod(path, 0o140600)
    else:
        os.mkfifo(path)
    if request.param == "link to a pipe":
        (tmp_path / "link").symlink_to(path)
        return tmp_path / "link"
    return path


@pytest.mark.parametrize("read", [Document, Document.several, read_list])
def test_rules_groups_and_lists(strange, read):
    with pytest.raises(Mistakes) as raised:
        read(strange)
    (mistake,) = raised.value.mistakes
    assert mistake.file == str(strange)
    assert "cannot be read" in mistake.message


def test_mmdb(strange):
    with pytest.raises(OSError, match=r"only regular files|No such device"):
        Database(strange, str)


@pytest.mark.parametrize("kind", [Secret, Key])
def test_secrets(strange, kind):
    with pytest.raises(Mistakes, match=r"only regular files|No such device") as raised:
        kind(file=strange).check()
    assert raised.value.mistakes[0].file == str(strange)


def test_credentials(strange, tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(strange.parent))
    with pytest.raises(Mistakes, match=r"only regular files|No such device"):
        Secret(credential=strange.name).check()


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_certificates_of_outputs(strange, tmp_path, name):
    files = {"cert_file": Authority(tmp_path, "ca").issue("localhost")[0]} if name == "key_file" else {}
    with pytest.raises(Mistakes, match=r"only regular files|No such device") as raised:
        Syslog(SyslogOptions(host="siem.example.com", transport="tls", **files | {name: strange}))
    assert raised.value.mistakes[0].file == str(strange)


def test_certificates_of_connectors(strange, monkeypatch):
    monkeypatch.setenv("CASBD_TEST_SECRET", "x")
    with pytest.raises(Mistakes, match=r"only regular files|No such device") as raised:
        Webhook(WebhookOptions(url="https://soar.example.com/", secret={"env": "CASBD_TEST_SECRET"}, ca_file=strange))
    assert raised.value.mistakes[0].file == str(strange)


@pytest.mark.parametrize("kind", ["directory", "circle", "huge", "not there"])
def test_files_that_are_none(tmp_path, kind):
    path = tmp_path / "key"
    if kind == "directory":
        path.mkdir()
    elif kind == "circle":
        path.symlink_to(path)
    elif kind == "huge":
        path.touch()
        os.truncate(path, 1 << 40)
    told = {"directory": "Is a directory", "circle": "Too many levels", "huge": "larger than", "not there": "No such file"}[kind]
    with pytest.raises(Mistakes, match=told):
        Secret(file=path).check()
    with pytest.raises(Mistakes, match=told):
        Syslog(SyslogOptions(host="siem.example.com", transport="tls", ca_file=path))


OTHERS = [
    f"root:$6${SECRET}:19000:0:99999:7:::\nbin:*:19000:\n",
    f"{SECRET}\n",
    f"1.2.3.4/{SECRET}\n",
    f"1.2.3.4\n::{SECRET}\n",
    f"{SECRET}: 1\nother: 2\n",
    f"password: {SECRET}\n",
    f"{SECRET}: 1\n{SECRET}: 2\n",
    f"a: !{SECRET} 1\n",
    f"token: *{SECRET}\n",
    f"[{SECRET}\n",
    f'{{"{SECRET}": "{SECRET}"}}\n',
    f"-----BEGIN {SECRET}-----\nabc=\n",
    f"- {SECRET}\n- b\n",
    f"{SECRET},x\n{SECRET},y\n",
]


@pytest.mark.parametrize("read", [read_list, read_ranges, read_thresholds, _read_groups, lambda path: _read(path, None)])
@pytest.mark.parametrize("text", OTHERS)
def test_what_is_somebody_elses_is_not_quoted(tmp_path, read, text):
    (tmp_path / "shadow").write_text(text)
    with pytest.raises(Mistakes) as raised:
        read(tmp_path / "shadow")
    assert SECRET not in str(raised.value)
    assert all(mistake.file == str(tmp_path / "shadow") for mistake in raised.value.mistakes)


def test_a_key_that_is_nearly_one_is_told(tmp_path):
    (tmp_path / "groups.yaml").write_text("grups: {}\n")
    with pytest.raises(Mistakes, match=r"groups\.yaml:1:1: unknown key `grups` \(did you mean `groups`\?\)"):
        _read_groups(tmp_path / "groups.yaml")


def test_a_look_into_a_file(strange):
    with pytest.raises(CasbdError):
        first_records(strange)


def test_a_file_is_read_whole_up_to_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_file(tmp_path / "a", 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than"):
        read_file(tmp_path / "a", 9)
    os.truncate(tmp_path / "a", 1 << 40)
    with pytest.raises(OSError, match="larger than"):
        read_file(tmp_path / "a", 1 << 30)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, 1)
