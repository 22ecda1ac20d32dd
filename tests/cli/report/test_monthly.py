"""`casbd report monthly`."""

import json
import stat

import pytest
from mail_receiver import MailReceiver

MONTH = ["--month", "2026-01"]


def test_in_a_terminal(run):
    text = run("report", "monthly", *MONTH)
    assert "Cloud app security: January 2026" in text
    assert "a@contoso.com" in text
    assert "\x1b" not in text


def test_json_is_one_object(run):
    (line,) = run("report", "monthly", *MONTH, "--json").splitlines()
    report = json.loads(line)
    assert report["month"] == "2026-01"
    assert report["activities"]["month"] == 7


def test_without_a_month_it_is_the_last_one_that_is_over(run):
    assert json.loads(run("report", "monthly", "--json"))["is_over"] is True


@pytest.mark.parametrize(("ending", "start"), [("html", "<!DOCTYPE html>"), ("md", "# Cloud app security"), ("json", '{"month":')])
def test_a_file(run, tmp_path, ending, start):
    path = tmp_path / f"report.{ending}"
    run("report", "monthly", *MONTH, "--out", str(path))
    assert path.read_text().startswith(start)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # it names people
    assert "is there already" in run("report", "monthly", *MONTH, "--out", str(path), code=2)
    run("report", "monthly", *MONTH, "--out", str(path), "--force")


@pytest.mark.parametrize("name", ["report.pdf", "report"])
def test_another_ending(run, tmp_path, name):
    assert ".html, .md, .json" in run("report", "monthly", *MONTH, "--out", str(tmp_path / name), code=2)


@pytest.mark.parametrize("month", ["2026-13", "January", "2026-1"])
def test_no_month(run, month):
    assert "no month" in run("report", "monthly", "--month", month, code=2)


def test_a_directory_that_is_not_there(run, tmp_path):
    assert "No such file" in run("report", "monthly", *MONTH, "--out", str(tmp_path / "no" / "report.html"), code=75)


def test_mailing_it_needs_somebody_to_mail_it_to(run):
    assert "no `reports:" in run("report", "monthly", *MONTH, "--mail", code=2)


def test_mailing_it_now(run, place, tmp_path):
    with MailReceiver() as receiver:
        path = tmp_path / "casbd.yaml"
        path.write_text(
            f"state_dir: {place}/core/state\nreports: {{monthly: {{to: [a@contoso.com, b@contoso.com]}}}}\n"
            f"mail: {{host: 127.0.0.1, port: {receiver.port}, tls: none, from: casbd@contoso.com}}\n"
        )
        assert "a@contoso.com: mailed" in run("report", "monthly", *MONTH, "--mail", config=path, errors=True)
        receiver.rcpt = {"b@contoso.com": "550 nobody"}
        assert "b@contoso.com: 550 nobody" in run("report", "monthly", *MONTH, "--mail", config=path, code=1)
        receiver.data = ["451 later"]
        assert "451 later" in run("report", "monthly", *MONTH, "--mail", config=path, code=75)
        assert len(receiver.mails) == 2
