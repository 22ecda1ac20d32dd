"""`casbd incidents list` and `show`."""

import pytest
from builders import HOUR, MINUTE, Core, record, settings

from tests.cli.conftest import HOSTILE, lines

RULES = {
    "spray": {
        "name": "Password spray",
        "severity": "high",
        "category": "threat_detection",
        "match": {"repeated": 3, "within": "5m", "by": "ip_address", "unique": "user"},
    },
    "log-on": {"name": "Log on", "category": "access_control", "filters": {"activity_type": {"eq": "Log on"}}},
    "rule": {"name": "Inbox rule", "severity": "low", "filters": {"action_type": {"eq": "New-InboxRule"}}},
}
SPRAYED = [record(Id=f"s{n}", UserId=f"{n}@contoso.com", at=n) for n in range(3)]
INBOX = {"Operation": "New-InboxRule", "Workload": "Exchange"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A spray, after which one of its users logs on and makes an inbox rule; and a day later somebody with a hostile name."""
    directory = tmp_path_factory.mktemp("incidents")
    (directory / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\n")
    core = Core(directory / "core", rules=RULES, settings=settings())
    core.feed_records(*SPRAYED, record(Id="on", UserId="1@contoso.com", at=HOUR, Operation="UserLoggedIn"))
    core.feed_records(record(Id="rule", UserId="1@contoso.com", at=2 * HOUR, ClientIP="203.0.113.99", ObjectId="x", **INBOX))
    core.feed_records(record(Id="hostile", UserId=HOSTILE, at=30 * HOUR, ClientIP="203.0.113.66", ObjectId="x", **INBOX))
    core.close()
    return directory


def ids(text):
    return [one["incident_id"] for one in lines(text)]


class TestList:
    def test_what_an_incident_is_summed_up_to(self, run):
        hostile, spray = lines(run("incidents", "list", "--json"))
        assert spray == {
            "incident_id": spray["incident_id"],
            "title": "Password spray, Log on, Inbox rule",
            "status": "open",
            "severity": "high",
            "risk_score": 72,
            "first_activity": "2026-01-01T12:00:00.000Z",
            "last_activity": "2026-01-01T14:00:00.000Z",
            "alerts": 3,
            "open_alerts": 3,
            "users": ["1@contoso.com"],
            "ip_addresses": ["203.0.113.7", "203.0.113.99"],
            "apps": ["Microsoft Entra ID", "Microsoft Exchange Online"],
            "policies": ["log-on", "rule", "spray"],
            "categories": ["access_control", "threat_detection"],
        }
        assert (hostile["title"], hostile["severity"], hostile["alerts"]) == ("Inbox rule", "low", 1)

    @pytest.mark.parametrize(
        ("arguments", "numbers"),
        [
            (["--status", "closed"], []),
            (["--status", "all"], [0, 1]),
            (["--severity", "high"], [1]),
            (["--severity", "medium"], []),
            (["--user", "1@CONTOSO.com"], [1]),
            (["--user", "2@contoso.com"], []),
            (["--ip", "203.0.113.99"], [1]),
            (["--ip", "203.0.113.66", "--user", "1@contoso.com"], []),
            (["--from", "2026-01-02"], [0]),
            (["--to", "2026-01-01"], [1]),
            (["--sort", "alerts"], [1, 0]),
            (["--sort", "severity"], [1, 0]),
            (["--sort", "risk_score"], [1, 0]),
            (["--sort", "first_activity"], [0, 1]),
            (["--limit", "1"], [0]),
            (["--limit", "0"], [0, 1]),
        ],
    )
    def test_filters_order_and_limit(self, run, arguments, numbers):
        every = ids(run("incidents", "list", "--json"))
        assert ids(run("incidents", "list", "--json", *arguments)) == [every[number] for number in numbers]

    def test_for_people(self, run):
        shown = run("incidents", "list", "--limit", "1", errors=True)
        assert "Inbox rule" in shown
        assert "Password spray" not in shown
        assert "casbd: the first 1 of 2 (--limit 0 is all)\n" in shown
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*shown}

    def test_wrong_use(self, run):
        run("incidents", "list", "--severity", "critical", code=2)
        run("incidents", "list", "--from", "2026-01-02", "--to", "2026-01-01", code=2)


class TestShow:
    def test_its_alerts_stand_in_the_order_of_events(self, run):
        (spray,) = lines(run("incidents", "list", "--json", "--severity", "high"))
        (shown,) = lines(run("incidents", "show", spray["incident_id"][:8], "--json"))
        timeline = shown.pop("timeline")
        assert shown == spray
        assert [alert["policy_id"] for alert in timeline] == ["spray", "log-on", "rule"]
        assert timeline == sorted(
            lines(run("alerts", "list", "--json", "--user", "1@contoso.com")) + timeline[:1], key=lambda a: a["first_activity"]
        )

    def test_for_people(self, run):
        shown = run("incidents", "show", ids(run("incidents", "list", "--json"))[1])
        assert "open: 3 of 3 alerts are open" in shown
        assert shown.index("Timeline") < shown.index("2026-01-01 13:00:00") < shown.index("2026-01-01 14:00:00", shown.index("Timeline"))
        hostile = run("incidents", "show", ids(run("incidents", "list", "--json"))[0])
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*hostile}

    def test_one_that_there_is_not(self, run):
        assert "casbd: there is no incident xyz\n" in run("incidents", "show", "xyz", code=1)
        run("incidents", "show", "", code=1)

    def test_pseudonyms(self, run, place):
        key = place / "key"
        key.write_text("0123456789abcdef0123456789abcdef")
        key.chmod(0o600)
        config = place / "private.yaml"
        config.write_text(f"state_dir: core/state\nrules: [rules]\nprivacy: {{pseudonymize: [user, ip_address], key: {{file: {key}}}}}\n")
        (spray,) = lines(run("incidents", "list", "--json", "--severity", "high", config=config))
        assert spray["users"][0].startswith("user-")
        assert run("incidents", "list", "--json", "--user", spray["users"][0], "--ip", spray["ip_addresses"][1], config=config)
        assert "1@contoso.com" not in run("incidents", "show", spray["incident_id"], config=config)


class TestSeverity:
    @pytest.mark.parametrize(
        ("categories", "severity"),
        [(["dlp", "dlp", "access_control"], "medium"), (["dlp", "dlp", "dlp"], "low"), (["dlp", "access_control"], "low")],
    )
    def test_three_policies_of_two_categories_together_are_more_than_each(self, run, tmp_path, categories, severity):
        rules = {f"p{n}": {"severity": "low", "category": one} for n, one in enumerate(categories)}
        core = Core(tmp_path / "core", rules=rules)
        core.feed_records(record(), record(at=MINUTE))
        core.close()
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\n")
        (one,) = lines(run("incidents", "list", "--json", config=tmp_path / "casbd.yaml"))
        assert (one["severity"], one["alerts"]) == (severity, 2 * len(categories))
