"""The parser for Splunk Connect for Syslog, in a real syslog-ng with what SC4S has around it."""

import subprocess

import pytest
from conf_files import SC4S

from casbd.model.alert import Alert
from casbd.outputs._message import cef_message
from tests.outputs.syslog_ng import program

CONFIGURATION = r"""
@version: 3.38
# What the block of SC4S does (splunk-connect-for-syslog, splunkfields.conf), as far as a parser of CEF asks for.
block rewrite r_set_splunk_dest_update(source("") sourcetype("")) {{
    set("`source`" value(".splunk.source"));
    set("`sourcetype`" value(".splunk.sourcetype"));
}};
@include "{parser}"
log {{
    source {{ stdin(flags(no-parse)); }};
    parser {{ csv-parser(
        delimiters(chars('') strings('|'))
        columns('version' 'device_vendor' 'device_product' 'device_version' 'device_event_class' 'name' 'severity' 'ext')
        prefix('.metadata.cef.')
        flags(greedy, drop-invalid)); }};
    if {{ parser {{ app-parser(topic(cef)); }}; }};
    destination {{ file("{found}" template("${{.splunk.source}}/${{.splunk.sourcetype}}\n")); }};
}};
"""
OTHERS = ["CEF:0|MCAS|SIEM_Agent|1|x|y|0|a=b", "CEF:0|casbd|other|1|x|y|0|a=b", "CEF:0|Acme|casbd casbd|1|x|y|0|a=b"]


def test_casbds_messages_have_a_source_of_their_own_and_no_others(tmp_path):
    found_program = program()
    if not found_program:
        pytest.skip("syslog-ng is not there (tests/get_syslog_ng)")
    binary, environment, modules = found_program
    found = tmp_path / "found"
    (tmp_path / "conf").write_text(CONFIGURATION.format(parser=SC4S / "app-cef-casbd.conf", found=found))
    alert = Alert(alert_id="a", policy_id="p", policy_name="x | casbd", policy_type="activity", severity="high")
    state = [f"--{name}={tmp_path / name}" for name in ("persist-file", "control", "pidfile")]

    messages = [cef_message(alert, "casbd", ""), *OTHERS]
    text = "".join(f"{message}\n" for message in messages)
    command = [binary, "--foreground", "--no-caps", f"--cfgfile={tmp_path / 'conf'}", f"--module-path={modules}", *state]
    done = subprocess.run(command, input=text, env=environment, text=True, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert found.read_text().splitlines() == ["casbd:cef/cef", *["/"] * len(OTHERS)]
