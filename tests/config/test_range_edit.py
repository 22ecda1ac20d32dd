"""A network is tagged in the file of IP ranges, and nothing else in it changes."""

import stat
from difflib import ndiff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.config.range_edit import MOST_NOTES, Wanted, read_network, tag_network
from casbd.errors import CasbdError, Mistakes
from casbd.plugins import registry

FILE = """\
# Head

---
# About the ranges
ranges:
  # The offices
  - name:     Office        # aligned by hand
    subnets:
      - 10.0.0.0/8    # all of it
      - "172.16.0.0/12"

    category: Corporate
    # the office's end

  - {name: VPN, subnets: [192.0.2.0/24, "2001:db8:1::/48"],   category: VPN}   # in a line

  # the file's end
"""


OFFSETLESS = "ranges:\n- name: Office\n  subnets:\n  - 10.0.0.0/8\n  - 11.0.0.0/8\n  category: Corporate\n  tags:\n  - a\n  - b\n"


FOUR = "ranges:\n    -   name: Office\n        subnets: [10.0.0.0/8]\n        category: Corporate\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "casbd.yaml").write_text("")
    (tmp_path / "casbd.yaml").chmod(0o640)
    return tmp_path


@pytest.fixture
def do(place):
    """Tags a network in a file with some text (None: as it was left): what `tag` says and the lines that differ."""

    def do(text, network, category, tags=(), **more):
        path = place / "ranges.yaml"
        if text is not None:
            path.write_bytes(text.encode())
        before = path.read_bytes().decode() if path.exists() else ""
        found = tag_network(path, read_network(network), Wanted(category, tuple(tags), **more), place / "casbd.yaml")
        after = path.read_bytes().decode()
        assert not [*place.glob(".*")], "nothing is left beside"
        differ = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
        return found, differ

    return do


@pytest.fixture
def look_up(place):
    """What the enricher says of an address."""
    plugin = registry.load("enrichers", "ip_ranges")
    return lambda ip: plugin(plugin.Options(ip_ranges=place / "ranges.yaml")).look_up(ip)


class TestANewRange:
    def test_in_a_new_file(self, place, do, look_up):
        found, _ = do(None, "203.0.113.7", "Risky", ["Tor", "NO"], isp="Evil: Inc", country="NO")
        assert (found.name, found.before, found.notes) == ("203.0.113.7/32", None, [])
        assert look_up("203.0.113.7") == {
            "ip_category": "Risky",
            "ip_tags": ("Tor", "NO"),
            "isp": "Evil: Inc",
            "country": "NO",
            "city": None,
            "latitude": None,
            "longitude": None,
        }
        assert look_up("203.0.113.8") == {"ip_category": "Other"}
        assert stat.S_IMODE((place / "ranges.yaml").stat().st_mode) == 0o640

    def test_at_the_end_in_the_way_of_the_last(self, do):
        _, differ = do(FILE, "198.51.100.0/24", "Corporate", name="Lab")
        assert differ == ["+   - {name: Lab, subnets: [198.51.100.0/24], category: Corporate}"]

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            (OFFSETLESS, ["+ - name: Lab", "+   subnets: [198.51.100.0/24]", "+   category: VPN", "+   tags: [x]"]),
            (FOUR, ["+     -   name: Lab", "+         subnets: [198.51.100.0/24]", "+         category: VPN", "+         tags: [x]"]),
        ],
    )
    def test_with_the_files_indentation(self, do, text, lines):
        assert do(text, "198.51.100.0/24", "VPN", ["x"], name="Lab")[1] == lines

    def test_in_an_empty_list(self, do):
        _, differ = do("ranges: []  # none yet\n", "10.0.0.0/8", "Corporate")
        assert [line for line in differ if line[0] == "+"] == [
            "+ ranges:     # none yet",
            "+   - name: 10.0.0.0/8",
            "+     subnets: [10.0.0.0/8]",
            "+     category: Corporate",
        ]

    def test_in_json(self, do, look_up):
        do('{"ranges": [{"name": "a", "subnets": ["10.0.0.0/8"]}]}', "11.0.0.0/8", "VPN")
        assert look_up("11.0.0.1")["ip_category"] == "VPN"

    @pytest.mark.parametrize("end", ["", "\n\n\n"])
    def test_after_a_last_line_of_any_kind(self, do, look_up, end):
        do(OFFSETLESS.rstrip("\n") + end, "192.0.2.0/24", "VPN")
        assert look_up("192.0.2.1")["ip_category"] == "VPN"

    def test_line_ends_stay(self, place, do):
        _, differ = do(FILE.replace("\n", "\r\n"), "198.51.100.0/24", "VPN")
        assert len(differ) == 1
        content = (place / "ranges.yaml").read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n")


class TestANamedRange:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            (FILE, "+       - 198.51.100.0/24"),
            (OFFSETLESS, "+   - 198.51.100.0/24"),
        ],
    )
    def test_gets_the_network_in_a_line_of_its_own(self, do, look_up, text, line):
        found, differ = do(text, "198.51.100.0/24", "Corporate", name="Office")
        assert differ == [line]
        assert found.notes == []
        assert look_up("198.51.100.1")["ip_category"] == "Corporate"

    def test_gets_it_within_the_brackets(self, do):
        _, differ = do(FOUR, "198.51.100.0/24", "Corporate", name="Office")
        assert [line for line in differ if line[0] == "+"] == ["+         subnets: [10.0.0.0/8, 198.51.100.0/24]"]

    def test_becomes_what_is_said_as_a_whole_which_is_told(self, do, look_up):
        found, differ = do(FILE, "10.0.0.0/8", "Risky", ["x"], name="Office")
        assert found.notes == [
            "the category of the range Office was Corporate and is Risky, of its 1 other subnet too",
            "the tags of the range Office was none and is x, of its 1 other subnet too",
        ]
        assert sorted(differ) == ["+     category: Risky", "+     tags: [x]", "-     category: Corporate"]
        assert look_up("172.16.0.1") == {"ip_category": "Risky", "ip_tags": ("x",)}
        assert (found.before["category"], found.after["category"]) == ("Corporate", "Risky")

    def test_tags_take_the_place_of_others_and_stay_where_none_are_given(self, do, look_up):
        do(OFFSETLESS, "10.0.0.0/8", "VPN", name="Office")
        assert look_up("10.0.0.1") == {"ip_category": "VPN", "ip_tags": ("a", "b")}
        do(None, "10.0.0.0/8", "VPN", ["c"], name="Office")
        assert look_up("11.0.0.1") == {"ip_category": "VPN", "ip_tags": ("c",)}

    def test_takes_it_from_another(self, do, look_up):
        found, differ = do(FILE, "192.0.2.0/24", "Corporate", name="Office")
        assert found.notes == ["it is no longer in the range VPN (VPN)"]
        assert "+       - 192.0.2.0/24" in differ
        assert look_up("192.0.2.1")["ip_category"] == "Corporate"
        assert look_up("2001:db8:1::1")["ip_category"] == "VPN"

    def test_the_last_of_another_which_is_gone(self, do, look_up):
        found, _ = do(FOUR, "10.0.0.0/8", "VPN", name="New")
        assert found.notes == ["it is no longer in the range Office (Corporate)", "the range Office had no other subnet, and is gone"]
        assert look_up("10.0.0.1")["ip_category"] == "VPN"

    def test_a_city_does_not_move_to_another_country(self, do, look_up):
        text = "ranges: [{name: a, subnets: [10.0.0.0/8], country: NO, city: Oslo}]\n"
        assert "its city Oslo is taken out, as it lay in the other country" in do(text, "10.0.0.0/8", "VPN", country="SE")[0].notes
        assert (look_up("10.0.0.1")["country"], look_up("10.0.0.1")["city"]) == ("SE", None)
        do(text, "10.0.0.0/8", "VPN", country="NO")
        assert look_up("10.0.0.1")["city"] == "Oslo"


class TestWithoutAName:
    def test_the_only_network_of_its_range(self, do):
        found, differ = do(FOUR, "10.0.0.0/8", "VPN")
        assert found.name == "Office"
        assert differ == ["-         category: Corporate", "+         category: VPN"]

    def test_others_of_its_range_stay_what_they_are(self, do, look_up):
        found, _ = do(OFFSETLESS.replace("category", "country: NO\n  isp: x\n  category"), "10.0.0.0/8", "VPN")
        assert found.name == "10.0.0.0/8"
        assert found.notes == ["it is no longer in the range Office (Corporate)"]
        assert (look_up("11.0.0.1")["ip_category"], look_up("10.0.0.1")["ip_category"]) == ("Corporate", "VPN")
        assert {key: value for key, value in look_up("10.0.0.1").items() if key != "ip_category"} == {
            key: value for key, value in look_up("11.0.0.1").items() if key != "ip_category"
        }

    def test_as_it_is(self, do):
        found, differ = do(FILE, "192.0.2.0/24", "VPN")
        assert found.before == found.after
        assert differ == []


class TestOverlaps:
    TEXT = "ranges: [{name: all, subnets: [10.0.0.0/8], category: Corporate}, {name: lab, subnets: [10.1.2.0/24], category: Risky}]\n"

    def test_the_smaller_wins_as_it_is_said(self, do, look_up):
        found, _ = do(self.TEXT, "10.1.0.0/16", "VPN")
        assert found.notes == [
            "it lies in 10.0.0.0/8 of the range all (Corporate): the smaller network wins, so its addresses are VPN",
            "10.1.2.0/24 of the range lab (Risky) lies in it: the smaller network wins, so those addresses stay as they are",
        ]
        assert [look_up(ip)["ip_category"] for ip in ("10.2.0.1", "10.1.3.1", "10.1.2.1")] == ["Corporate", "VPN", "Risky"]

    @pytest.mark.parametrize(("network", "category"), [("10.2.0.0/16", "Corporate"), ("::/0", "VPN"), ("11.0.0.0/8", "VPN")])
    def test_none_worth_a_word(self, do, network, category):
        assert do(self.TEXT, network, category)[0].notes == []

    def test_very_many(self, do):
        subnets = ", ".join(f"10.{number}.0.0/16" for number in range(100))
        found, _ = do(f"ranges: [{{name: a, subnets: [{subnets}], category: VPN}}]\n", "10.0.0.0/8", "Risky")
        assert len(found.notes) == MOST_NOTES + 1
        assert found.notes[-1] == "95 more networks overlap with it: the smallest wins"


class TestCareful:
    @pytest.mark.parametrize("text", ["", "# nothing\n", "rangs: []\n", "ranges: [{name: a}]\n", "ranges: [\n", "\x00"])
    def test_a_file_with_mistakes_is_left_alone(self, place, do, text):
        with pytest.raises(Mistakes):
            do(text, "10.0.0.0/8", "VPN")
        assert (place / "ranges.yaml").read_text() == text

    def test_a_comment_is_not_lost(self, place, do):
        text = "ranges:\n  - name: a\n    subnets:\n      - 10.0.0.0/8 # Berlin\n      - 11.0.0.0/8\n    category: VPN\n"
        with pytest.raises(CasbdError, match="by hand, as a comment"):
            do(text, "10.0.0.0/8", "Corporate", name="b")
        assert (place / "ranges.yaml").read_text() == text

    def test_what_the_enricher_would_not_load_is_not_written(self, place, do):
        with pytest.raises(CasbdError, match="by hand"):
            do("ranges: [{name: a, subnets: [10.0.0.0/8], category: VPN}]\n", "11.0.0.0/8", "VPN", country="nowhere")
        assert "11.0.0.0" not in (place / "ranges.yaml").read_text()
        assert not [*place.glob(".*")]

    def test_mode_and_link_stay(self, place, do):
        (place / "real").mkdir()
        (place / "real" / "r.yaml").write_text(FOUR)
        (place / "real" / "r.yaml").chmod(0o604)
        (place / "ranges.yaml").symlink_to(place / "real" / "r.yaml")
        do(None, "192.0.2.0/24", "VPN")
        assert (place / "ranges.yaml").is_symlink()
        assert "192.0.2.0/24" in (place / "real" / "r.yaml").read_text()
        assert stat.S_IMODE((place / "real" / "r.yaml").stat().st_mode) == 0o604
        assert [*(place / "real").iterdir()] == [place / "real" / "r.yaml"]

    def test_hostile_names_stay_text(self, do, look_up):
        for name in ("- x", "{a: b}", "#", "null", "1", "2026-01-01", "a: b # c", "'\"", "*x", "!!python/object"):
            found, _ = do(FOUR, "192.0.2.0/24", "VPN", [name], name=name)
            assert found.name == name
            assert look_up("192.0.2.1") == {"ip_category": "VPN", "ip_tags": (name,)}

    @given(st.data())
    def test_any_order_of_tagging_leaves_what_was_said_last(self, tmp_path_factory, data):
        place = tmp_path_factory.mktemp("place")
        (place / "casbd.yaml").write_text("")
        plugin = registry.load("enrichers", "ip_ranges")
        said = {}
        for _ in range(data.draw(st.integers(1, 6))):
            network = f"10.{data.draw(st.integers(0, 3))}.0.0/16"
            category = data.draw(st.sampled_from(["VPN", "Risky", "Corporate"]))
            tag_network(place / "r.yaml", read_network(network), Wanted(category), place / "casbd.yaml")
            said[network.replace(".0.0/16", ".0.1")] = category
            ranges = plugin(plugin.Options(ip_ranges=place / "r.yaml"))
            assert {ip: ranges.look_up(ip)["ip_category"] for ip in said} == said
