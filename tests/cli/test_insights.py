"""The pages of users and IP addresses, and the list of users: what they print for people and for programs, and their exit codes."""

from pathlib import Path

import pytest
from builders import HOUR, MINUTE, NOON, Core, record, settings

from casbd.model.activity import Activity
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer
from tests.cli.conftest import AS_OF, lines

HOSTILE = "evil\x1b[31m\x07\x9b2J\u202e\u2028\r\n@contoso.com"
CONFIGURATION = """
state_dir: core/state
inputs: [{name: m365, path: in/*, format: m365}]
enrichment: {ip_ranges: ip_ranges.yaml, tor: tor}
"""
RANGES = "ranges:\n  - {name: Office, subnets: [203.0.113.0/24], category: Corporate, tags: [HQ], country: NO, city: Oslo, isp: Own}\n"
RULES = {
    "failed": {"severity": "high", "governance": [{"action": "suspend_user", "connector": "entra"}]},
    "burst": {"severity": "low", "match": {"repeated": 3, "within": "5m"}},
}


@pytest.fixture(scope="module", params=["blocks", "segments"])
def place(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text(CONFIGURATION)
    (directory / "ip_ranges.yaml").write_text(RANGES)
    (directory / "tor").write_text("203.0.113.7\n")
    core = Core(directory / "core", rules=RULES, settings=settings({}))
    core.feed_records(
        *(record(at=n * MINUTE) for n in range(4)),
        record(at=HOUR, Operation="UserLoggedIn", ClientIP="198.51.100.1", UserType=2),
        record(at=2 * HOUR, Operation="New-InboxRule", Workload="Exchange", UserId=HOSTILE, ClientIP="203.0.113.9"),
        record(at=-30 * 24 * HOUR, UserId="gone@fabrikam.com", Operation="UserLoggedIn"),
    )
    packer = Packer()
    packer.begin()
    told = {"country": HOSTILE, "isp": HOSTILE, "city": HOSTILE, "app": HOSTILE, "os": HOSTILE, "user_display_name": HOSTILE}
    text = {"user_groups": (HOSTILE,), "ip_category": "Other", "ip_tags": (HOSTILE,), "action_type": HOSTILE, "user_organization": HOSTILE}
    text |= {"user_domain": "contoso.com", "is_external_user": True}
    packer.add([Activity(NOON + 3 * HOUR, "h", user=HOSTILE, ip_address="203.0.113.9", **told, **text)])
    with core.store.transaction() as connection:
        blocks.add(connection, packer, [packer.part([1])], 0)
    if request.param == "segments":
        assert segments.compact(core.store, at_least=1)
    core.close()
    return directory


class TestUser:
    def test_json(self, run):
        (found,) = lines(run("users", "show", "A@Contoso.com", *AS_OF, "--json"))
        keys = "user open_alerts alerts matches activities countries isps ip_addresses apps first_seen last_seen per_day"
        assert set(found) >= set(keys.split())
        numbers = {"user": "a@contoso.com", "open_alerts": 5, "alerts": 5, "matches": 8, "activities": 5, "failed_log_ons": 4}
        assert {name: found[name] for name in numbers} == numbers
        assert found["ip_addresses"] == [{"value": "203.0.113.7", "activities": 4}, {"value": "198.51.100.1", "activities": 1}]
        assert found["apps"] == [{"value": "Microsoft Entra ID", "activities": 5}]
        assert found["countries"] == []
        assert (found["first_seen"], found["last_seen"]) == ("2026-01-01T12:00:00.000Z", "2026-01-01T13:00:00.000Z")
        assert len(found["per_day"]) == 31
        assert found["per_day"][-2:] == [{"day": "2026-01-01", "activities": 5}, {"day": "2026-01-02", "activities": 0}]
        assert found["hours"][12] == {"hour": 12, "activities": 4}
        assert (found["days"], found["as_of"], found["is_admin"]) == (30, "2026-01-02T00:00:00.000Z", True)
        assert sorted(one["status"] for one in found["governance"]) == ["blocked"] * 3 + ["dry_run"]
        assert {(one["action"], one["created"]) for one in found["governance"]} == {("suspend_user", "2026-01-01T12:00:00.000Z")}

    def test_the_span_is_the_days_before_and_ends_with_the_moment(self, run):
        def activities(days, as_of):
            return lines(run("users", "show", "a@contoso.com", "--days", days, "--as-of", as_of, "--json"))[0]["activities"]

        assert activities("1", "2026-01-01T12:02:00Z") == 3
        assert activities("1", "2026-01-01T12:01:59.999Z") == 2
        assert activities("1", "2026-01-02T12:00:00Z") == 4
        assert activities("1", "2026-01-02T11:59:59.999Z") == 5

    def test_what_is_long_ago_is_seen_all_the_same(self, run):
        (found,) = lines(run("users", "show", "a@contoso.com", "--as-of", "2026-06-01", "--json"))
        assert (found["activities"], found["alerts"], found["older_open_alerts"]) == (0, 0, 5)
        assert found["first_seen"] == "2026-01-01T12:00:00.000Z"
        text = run("users", "show", "a@contoso.com", "--as-of", "2026-06-01")
        assert "5 older alerts are still open" in text
        assert "first seen 2026-01-01 12:00:00" in text

    def test_page(self, run):
        text = run("users", "show", "a@contoso.com", *AS_OF)
        assert "5 open alerts, 5 alerts, 8 policy matches, 5 activities, 4 failed log ons, 0 countries" in text
        assert "  2026-01-01  5  ████" in text
        assert "  203.0.113.7   4   80 %  ████" in text
        assert "Failed log on (UserLoginFailed)" in text
        assert "Governance, and 3 blocked" in text
        assert text.count("suspend_user") == 1
        assert "Countries" not in text

    def test_of_many_days_some_are_one_bar(self, run):
        text = run("users", "show", "a@contoso.com", *AS_OF, "--days", "365")
        assert "Activities in 10 days from" in text
        assert text.count("\n  2025-") == 37

    def test_unknown(self, run):
        assert "did you mean a@contoso.com?" in run("users", "show", "a@contoso.co", "--json", code=1)
        assert "did you mean gone@fabrikam.com?" in run("users", "show", "GONE", code=1)
        text = run("users", "show", "\x1b[31mzz\udcff", code=1)
        assert "there is no user" in text
        assert "\x1b" not in text

    @pytest.mark.parametrize("arguments", [[], ["a", "--days", "0"], ["a", "--days", "x"], ["a", "--as-of", "soon"]])
    def test_wrong_use(self, run, arguments):
        assert "Error" in run("users", "show", *arguments, code=2)


class TestAddress:
    def test_json(self, run):
        (found,) = lines(run("ips", "show", "[::ffff:203.0.113.7]:443", *AS_OF, "--json"))
        keys = (
            "ip_address open_alerts alerts activities admin_activities users country city isp asn ip_category ip_tags per_day"
            " first_seen last_seen"
        )
        assert set(found) >= set(keys.split())
        numbers = {"ip_address": "203.0.113.7", "open_alerts": 5, "alerts": 5, "activities": 4, "admin_activities": 0}
        assert {name: found[name] for name in numbers} == numbers
        assert found["users"] == [{"value": "a@contoso.com", "activities": 4, "app": None, "app_instance": None}]
        assert (found["country"], found["ip_category"], found["ip_tags"]) == (None, None, [])
        assert found["first_seen"] == "2025-12-02T12:00:00.000Z"
        assert found["reasons"] == [
            {"name": "Office", "category": "Corporate", "tags": ["HQ"], "subnet": "203.0.113.0/24"},
            {"name": "Tor", "category": "Risky", "tags": ["Tor"], "subnet": "203.0.113.7/32"},
        ]
        today = {"country": "NO", "city": "Oslo", "isp": "Own", "asn": None, "ip_category": "Corporate", "ip_tags": ["HQ", "Tor"]}
        assert found["today"] == today

    def test_page_says_why_and_what_is_otherwise_today(self, run):
        text = run("ips", "show", "203.0.113.7", *AS_OF)
        assert "in 203.0.113.0/24 of Office: Corporate, HQ" in text
        assert "today's category: Corporate" in text
        assert "today's tags: HQ, Tor" in text
        assert "today's AS" not in text
        assert "5 open alerts, 5 alerts, 8 policy matches, 4 activities, 0 administrative activities, 4 failed log ons, 1 user" in text

    def test_never_seen(self, run):
        text = run("ips", "show", "203.0.113.200", code=1)
        assert "no activity from 203.0.113.200" in text
        assert "of Office" in text

    def test_a_list_that_cannot_be_read_is_told(self, run, place, tmp_path):
        configuration = CONFIGURATION.replace("core/state", f"{place}/core/state").replace("ip_ranges.yaml", f"{place}/ip_ranges.yaml")
        (tmp_path / "casbd.yaml").write_text(configuration)
        text = run("ips", "show", "203.0.113.7", *AS_OF, config=tmp_path / "casbd.yaml", errors=True)
        assert "cannot be read" in text
        assert "5 open alerts" in text
        assert "today's category" not in text

    @pytest.mark.parametrize("ip", ["nonsense", "203.0.113", "203.0.113.0/24", "", "\x1b[31m"])
    def test_wrong_use(self, run, ip):
        text = run("ips", "show", ip, code=2)
        assert "is no IP address" in text
        assert "\x1b" not in text


class TestWhatNobodyCanKnow:
    """ISPs and cities are in no file that ships with casbd: that is said, where an empty list would look like an answer."""

    @pytest.fixture
    def pages(self, tmp_path, run):
        core = Core(tmp_path / "core", settings=settings({}))
        core.feed_records(record(ClientIP="8.8.8.8"), record(ClientIP="10.0.0.1"), record(UserId="b@x.com", ClientIP=None))
        core.close()

        def pages(enrichment="{}", user="a@contoso.com", ip="8.8.8.8"):
            (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\nenrichment: {enrichment}\n")
            shown = (["users", "show", user], ["ips", "show", ip])
            return [run(*one, *AS_OF, config=tmp_path / "casbd.yaml") for one in shown]

        return pages

    def test_is_said(self, pages):
        user, ip = pages()
        assert "\nISPs: none is known, it takes an ASN file (enrichment.asn)\n" in user
        assert "\ncity: unknown, it takes a city file (enrichment.city)\nISP: unknown, it takes an ASN file (enrichment.asn)\n" in ip

    def test_but_not_where_there_is_nothing_to_know_or_a_file(self, pages):
        assert not [page for page in pages(user="b@x.com", ip="10.0.0.1") if "it takes" in page]
        files = Path(__file__).parents[1] / "enrichers" / "maxmind"
        enrichment = f"{{city: {files}/GeoLite2-City-Test.mmdb, asn: {files}/GeoLite2-ASN-Test.mmdb}}"
        assert not [page for page in pages(enrichment) if "it takes" in page]


class TestList:
    def listed(self, run, *arguments):
        return lines(run("users", "list", *AS_OF, "--json", *arguments))

    def test_json(self, run):
        first, *others = self.listed(run, "--days", "7")
        assert first == {
            "user": "a@contoso.com",
            "activities": 5,
            "open_alerts": 5,
            "countries": 0,
            "last_seen": "2026-01-01T13:00:00.000Z",
            "is_external": None,
            "is_admin": True,
            "groups": [],
            "app": None,
            "app_instance": None,
            "priority": 154,
            "priority_percentile": 66.6,
        }
        assert [(one["user"].lower(), one["activities"]) for one in others] == [(HOSTILE.lower(), 1)] * 2
        assert {(one["app"], one["app_instance"]) for one in others} == {("Microsoft Exchange Online", "contoso"), (HOSTILE, None)}

    @pytest.mark.parametrize(
        ("arguments", "users"),
        [
            (["--sort", "user"], "aeeg"),
            (["--sort", "last_seen"], "eeag"),
            (["--days", "1", "--limit", "1"], "a"),
            (["--admin"], "a"),
            (["--external"], "e"),
            (["--filter", "activity_type eq Log on"], "ag"),
            (["--app", "microsoft ENTRA id"], "ag"),
            (["--domain", "CONTOSO.com"], "e"),
            (["--group", HOSTILE], "e"),
            (["--not-seen", "7"], "g"),
            (["--not-seen", "1", "--app", "Okta"], ""),
        ],
    )
    def test_options(self, run, arguments, users):
        found = self.listed(run, "--days", "60", *arguments)
        assert "".join(user["user"][0] for user in found) == users

    def test_says_when_it_stops_at_the_limit(self, run):
        assert "the first 1 of 3 users" in run("users", "list", *AS_OF, "--days", "7", "--limit", "1", errors=True)
        assert "the first" not in run("users", "list", *AS_OF, errors=True)

    @pytest.mark.parametrize("arguments", [["--filter", "nonsense"], ["--sort", "name"], ["--not-seen", "0"], ["--limit", "-1"]])
    def test_wrong_use(self, run, arguments):
        assert "Error" in run("users", "list", *arguments, code=2)


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize(
    "arguments", [["users", "show", HOSTILE], ["users", "list"], ["ips", "show", "203.0.113.9"]], ids=lambda a: " ".join(a[:2])
)
def test_hostile_text_does_not_command_the_terminal(run, monkeypatch, arguments, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for more in ([], ["--json"]):
        text = run(*arguments, *AS_OF, *more)
        assert "evil" in text
        assert not {*text} & {*"\x1b\x07\x9b\u202e\u2028\r\x7f"}


@pytest.mark.parametrize("arguments", [["users", "show", "a"], ["users", "list"], ["ips", "show", "203.0.113.9"]])
def test_no_store_yet(run, tmp_path, arguments):
    (tmp_path / "casbd.yaml").write_text("state_dir: state\n")
    assert "no activity log yet" in run(*arguments, config=tmp_path / "casbd.yaml", code=1)
