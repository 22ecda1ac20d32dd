"""`casbd policies tune`."""

import json

import pytest
from builders import MINUTE, Core, record

CONFIGURATION = "state_dir: core/state\nrules: [rules]\ninputs:\n  - {name: m365, path: in/*, format: m365}\n"
RULE = "name: Failed\nfilters: {activity_type: {eq: Failed log on}}\n"


@pytest.fixture
def tuned(run, tmp_path):
    """Runs the command over alerts of four failed log ons of a scanner's and one of somebody's, closed as is said."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "failed.yaml").write_text(RULE)
    (tmp_path / "casbd.yaml").write_text(CONFIGURATION)
    core = Core(tmp_path / "core", rules={"failed": {}})
    core.feed_records(*(record(at=n * MINUTE, Id=f"f{n}", UserId="b@c.d" if n == 4 else "scanner@contoso.com") for n in range(5)))
    alerts = {alert.activity_ids[0]: alert.alert_id for alert in core.alerts()}
    core.close()

    def tuned(*arguments, real=True, **more):
        for name in [f"f{n}" for n in range(4)]:
            run("alerts", "close", alerts[name], "--as", "false_positive", config=tmp_path / "casbd.yaml")
        if real:
            run("alerts", "close", alerts["f4"], "--as", "true_positive", config=tmp_path / "casbd.yaml")
        return run("policies", "tune", "failed", "--from-alerts", *arguments, config=tmp_path / "casbd.yaml", **more)

    return tuned


def test_a_proposal(tuned, tmp_path):
    told = tuned(errors=True)
    assert "4 of 4 false alerts go, all 1 real ones stay" in told
    assert 'filters: {user: {eq: "scanner@contoso.com"}}' in told
    assert not (tmp_path / "rules" / "exceptions.yaml").exists()
    found = json.loads(tuned("--json"))
    assert (found["removed"], found["true"], found["lost"], found["proven"]) == (4, 1, [], True)
    assert found["exceptions"][0]["filters"] == {"user": {"eq": "scanner@contoso.com"}}


def test_written_it_holds(tuned, run, tmp_path):
    tuned("--write", "--reason", "our scanner", "--days", "3650")
    assert "our scanner" in (tmp_path / "rules" / "exceptions.yaml").read_text()
    run("check", config=tmp_path / "casbd.yaml")
    raised = run("policies", "backtest", "failed", "--json", config=tmp_path / "casbd.yaml").splitlines()
    assert [json.loads(one)["user"] for one in raised] == ["b@c.d"]
    assert "policies tune" in run("audit", "list", config=tmp_path / "casbd.yaml")


def test_what_nothing_proves_is_said(tuned):
    assert "nobody has closed any as real" in tuned(real=False, errors=True)


def test_where_there_is_none(run, place):
    told = run("policies", "tune", "failed", "--from-alerts", code=1)
    assert "it takes 2 alerts that were closed as false positives, and there are 0" in told
    assert "Missing option" in run("policies", "tune", "failed", code=2)


def test_pseudonyms_are_no_exceptions(tuned, tmp_path):
    (tmp_path / "key").write_text("k" * 44)
    (tmp_path / "casbd.yaml").write_text(CONFIGURATION + "privacy: {pseudonymize: [user], key: {file: key}}\n")
    assert "scanner" not in tuned(code=1)
