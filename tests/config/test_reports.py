"""The section `reports`."""

import pytest

from casbd.config import reading
from casbd.errors import Mistakes

MAIL = "mail: {host: smtp.example.com, from: casbd@example.com}\n"


def mistakes(path, text):
    path.write_text(text)
    with pytest.raises(Mistakes) as found:
        reading.load(path)
    return [str(one).removeprefix(f"{path.parent}/") for one in found.value.mistakes]


def test_who_gets_the_monthly_report(tmp_path):
    path = tmp_path / "casbd.yaml"
    path.write_text(MAIL + "reports: {monthly: {to: [ciso@example.com]}}\n")
    care = reading.load(path).reports.monthly
    assert care is not None
    assert care.to == ("ciso@example.com",)


@pytest.mark.parametrize("text", ["", "reports:\n", "reports: {}\n", "reports: {monthly: null}\n"])
def test_nothing_is_mailed_unless_it_says_so(tmp_path, text):
    path = tmp_path / "casbd.yaml"
    path.write_text("rules: []\n" + text)
    assert reading.load(path).reports.monthly is None


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("reports: {monthly: {to: [ciso]}}", "1:26", "`ciso` is no e-mail address"),
        ("reports: {monthly: {to: []}}", "1:25", "should name somebody"),
        ("reports: {monthly: {}}", "1:11", "missing"),
        ("reports: {weekly: {}}", "1:11", "unknown key `weekly`"),
        ("reports: {monthly: {to: [a@example.com], at: 3}}", "1:42", "unknown key `at`"),
    ],
)
def test_what_is_wrong_in_it(tmp_path, text, place, message):
    (found,) = mistakes(tmp_path / "casbd.yaml", text + "\n" + MAIL)
    assert found.startswith(f"casbd.yaml:{place}: ")
    assert message in found


def test_without_a_mail_server(tmp_path):
    (found,) = mistakes(tmp_path / "casbd.yaml", "reports: {monthly: {to: [a@example.com]}}\n")
    assert found.startswith("casbd.yaml:1:11: no report is mailed without the section `mail`")
