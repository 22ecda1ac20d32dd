"""What became of a governance command, as CEF and as a line for people."""

import pytest
import strict_cef
from hypothesis import given
from hypothesis import strategies as st

from casbd import __version__
from casbd.model.governance import GovernanceCommand
from casbd.wire import cef, text_line

NOON = 1_767_268_800_000
COMMAND = GovernanceCommand(
    command_id="5e0c",
    action="suspend_user",
    connector="entra",
    target="anna@contoso.com",
    status="succeeded",
    reason="Impossible travel",
    policy_id="impossible-travel",
    alert_id="a1",
    created=NOON,
    finished=NOON + 2000,
    user_id="7",
    app="Microsoft Entra ID",
    app_instance="contoso",
    who="eva",
    request="PATCH https://graph.example/users/7",
    answer="204",
    duration=180,
)


@pytest.mark.parametrize(("profile", "product"), [("casbd", "casbd|casbd"), ("mcas", "MCAS|SIEM_Agent")])
def test_one_message(profile, product):
    assert cef.command(COMMAND, profile=profile, portal="https://casbd.example") == (
        f"CEF:0|{product}|{__version__}|GOVERNANCE_SUSPEND_USER|suspend_user succeeded|3|externalId=5e0c rt=1767268802000"
        " start=1767268800000"
        " end=1767268802000 type=3 act=suspend_user outcome=succeeded reason=Impossible travel duser=anna@contoso.com duid=7 suser=eva"
        " deviceFacility=entra destinationServiceName=Microsoft Entra ID sourceServiceName=contoso cs4Label=policyIDs cs4=impossible-travel"
        " cs2Label=alertID cs2=a1 cn1Label=durationMs cn1=180 cs3Label=request cs3=PATCH https://graph.example/users/7 cs5Label=answer"
        " cs5=204 cs1Label=portalURL cs1=https://casbd.example/governance/5e0c"
    )


@pytest.mark.parametrize(("status", "severity"), [("failed", 6), ("pending_approval", 3), ("blocked", 0), ("dry_run", 0), ("reverted", 3)])
def test_how_much_it_matters(status, severity):
    command = GovernanceCommand(command_id="c", action="x", connector="y", target="z", status=status)
    assert cef.command(command).split("|")[6] == str(severity)


hostile = st.sampled_from(["\\=|\n\r\x00\x1b", " suser=root", "CEF:0|x|y|z|", "\u2028\ud800", "long" * 300]) | st.text()


@given(*[hostile] * 6, st.sampled_from([0, 480, 2048]))
def test_untrusted_text_stays_text(target, reason, error, request, answer, who, limit):
    command = GovernanceCommand(
        command_id="5e0c",
        action="suspend_user",
        connector="entra",
        target=target,
        status="failed",
        reason=reason,
        error=error,
        request=request,
        answer=answer,
        who=who,
    )
    message = cef.command(command, limit=limit)
    header, pairs = strict_cef.parse(message)
    assert (header[4], pairs["externalId"]) == ("GOVERNANCE_SUSPEND_USER", "5e0c")
    assert not limit or len(message.encode()) <= limit
    line = text_line.command(command)
    assert not any(map(strict_cef.harmful, line))
    assert "suspend_user failed" in line
