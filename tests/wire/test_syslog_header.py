import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.wire import syslog

WHEN = 1_769_860_800_123


def test_rfc_3164_has_nothing_between_host_and_message():
    head = syslog.rfc3164(facility="local4", severity="high", time=WHEN, hostname="host")
    assert head == "<163>2026-01-31T12:00:00.123Z host "


def test_the_classic_time_pads_the_day_with_a_blank():
    head = syslog.rfc3164(facility="user", severity="informational", time=1_770_000_000_000, hostname="h", timestamp="classic")
    assert head == "<14>Feb  2 02:40:00 h "


def test_rfc_5424():
    head = syslog.rfc5424(facility="local7", severity="medium", time=WHEN, hostname="host", message_id="alert")
    assert head == "<188>1 2026-01-31T12:00:00.123Z host casbd - alert - "


@pytest.mark.parametrize(("severity", "code"), [("informational", 6), ("low", 5), ("medium", 4), ("high", 3)])
def test_severities(severity, code):
    assert syslog.rfc3164(facility="kern", severity=severity, time=0, hostname="h").startswith(f"<{code}>1970-01-01T00:00:00.000Z ")


@given(st.integers(), st.text())
def test_no_time_and_no_name_breaks_the_header(time, hostname):
    for head in (
        syslog.rfc3164(facility="local4", severity="low", time=time, hostname=hostname),
        syslog.rfc3164(facility="local4", severity="low", time=time, hostname=hostname, timestamp="classic").replace("  ", " "),
        syslog.rfc5424(facility="local4", severity="low", time=time, hostname=hostname, message_id=hostname),
    ):
        assert head.isascii()
        assert head.isprintable()
        assert head.count(" ") in (2, 4, 7)
        assert "  " not in head


def test_octet_counting_counts_bytes():
    assert syslog.frame("æøå".encode(), "octet-counting") == "6 æøå".encode()
    assert syslog.frame(b"x", "lf") == b"x\n"
