"""`casbd ips tag`: what it says, its exit codes and its audit entry; the file itself is in tests/config/test_range_edit.py."""

import pytest
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.database import Store
from casbd.store.state import audit
from casbd.store.state.operator import person

RANGES = "# ours\nranges:\n  - {name: Office, subnets: [10.0.0.0/8], category: Corporate}\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nenrichment: {ip_ranges: lists/ranges.yaml}\n")
    (tmp_path / "lists").mkdir()
    return tmp_path


@pytest.fixture
def store(place):
    """The daemon's, which holds the lock."""
    with Store(place / "state") as store:
        yield store


@pytest.fixture
def run(place, monkeypatch):
    """Runs `ips tag`; standard error."""
    monkeypatch.setenv("SUDO_USER", "ciso")  # whoever says so of himself is not believed

    def run(*arguments, code=0):
        result = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), "ips", "tag", *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        assert not result.stdout
        return result.stderr

    return run


def test_says_what_it_did_and_when_it_takes_effect(place, store, run):
    (place / "lists" / "ranges.yaml").write_text(RANGES)
    told = run("10.1.0.0/16", "--category", "VPN", "--tag", "a", "--tag", "b", "--name", "Pool", "--isp", "X", "--country", "no")
    assert "10.1.0.0/16 is VPN (range Pool)" in told
    assert "it lies in 10.0.0.0/8 of the range Office (Corporate): the smaller network wins" in told
    assert "within two seconds" in told
    line = "  - {name: Pool, subnets: [10.1.0.0/16], category: VPN, tags: [a, b], isp: X, country: NO}\n"
    assert (place / "lists" / "ranges.yaml").read_text() == RANGES + line
    [entry] = audit.listed(store.connection)
    assert (entry.who, entry.action, entry.target) == (person(), "ips tag", "10.1.0.0/16")
    after = {"name": "Pool", "subnets": ["10.1.0.0/16"], "category": "VPN", "tags": ["a", "b"], "isp": "X", "country": "NO"}
    assert entry.detail == {"file": str(place / "lists" / "ranges.yaml"), "before": None, "after": after}


def test_makes_the_file(place, run):
    run("10.0.0.1", "--category", "Cloud provider")
    assert "subnets: [10.0.0.1/32]" in (place / "lists" / "ranges.yaml").read_text()
    assert not (place / "state").exists()


def test_the_same_again_changes_and_notes_nothing(place, store, run):
    run("10.0.0.0/8", "--category", "Corporate")
    before = (place / "lists" / "ranges.yaml").stat()
    assert "it was so already" in run("10.0.0.0/8", "--category", "Corporate")
    after = (place / "lists" / "ranges.yaml").stat()  # not its time of access: it was read
    assert (after.st_ino, after.st_size, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert len([*audit.listed(store.connection)]) == 1


def test_another_category_is_said(place, store, run):
    run("10.0.0.0/8", "--category", "Corporate")
    assert "was Corporate and is Risky" in run("10.0.0.0/8", "--category", "Risky")
    last = [*audit.listed(store.connection)][-1]
    assert (last.detail["before"]["category"], last.detail["after"]["category"]) == ("Corporate", "Risky")


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["10.0.0.1/8", "--category", "VPN"], "10.0.0.0/8"),
        (["nonsense\x1b[31m", "--category", "VPN"], "such as 192.0.2.0/24"),
        (["10.0.0.0/8", "--category", "Office"], "'Administrative', 'Cloud provider', 'Corporate', 'Risky', 'VPN', 'Other'"),
        (["10.0.0.0/8"], "--category"),
        (["10.0.0.0/8", "--category", "VPN", "--country", "Norway"], "two letters"),
    ],
)
def test_wrong_use_says_what_is_allowed(place, run, arguments, allowed):
    told = run(*arguments, code=2)
    assert allowed in told
    assert "\x1b" not in told
    assert not (place / "lists" / "ranges.yaml").exists()


def test_without_a_file_in_the_configuration_it_says_the_line(place, run):
    (place / "casbd.yaml").write_text("state_dir: state\n")
    assert "ip_ranges: ip_ranges.yaml" in run("10.0.0.0/8", "--category", "VPN", code=1)
    assert (place / "casbd.yaml").read_text() == "state_dir: state\n"


def test_what_cannot_be_written_is_said(place, run):
    (place / "casbd.yaml").write_text("state_dir: state\nenrichment: {ip_ranges: none/ranges.yaml}\n")
    assert "No such file or directory" in run("10.0.0.0/8", "--category", "VPN", code=1)


def test_what_must_be_done_by_hand_is_said(place, store, run):
    text = "ranges:\n  - name: a\n    subnets:\n      - 10.0.0.0/8  # Berlin\n      - 11.0.0.0/8\n    category: VPN\n"
    (place / "lists" / "ranges.yaml").write_text(text)
    assert "by hand" in run("10.0.0.0/8", "--category", "Risky", code=1)
    assert (place / "lists" / "ranges.yaml").read_text() == text
    assert [*audit.listed(store.connection)] == []


def test_hostile_text_stays_text(place, store, run):
    told = run("10.0.0.0/8", "--category", "VPN", "--name", "x\x1b[31m\ny: {", "--tag", "\udcff\u202e#", "--tag", " ")
    assert "\x1b" not in told
    [entry] = audit.listed(store.connection)
    assert (entry.detail["after"]["name"], entry.detail["after"]["tags"]) == ("x [31m y: {", ["#"])
