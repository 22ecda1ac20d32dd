"""Each operator on each kind of field, as tables: condition, activity, whether it holds."""

from pathlib import Path

import pytest
from verdicts import NOW, holds

from casbd.filters.operators import OPERATORS
from casbd.model.activity import Activity, ActivityObject

DAY = 86_400_000


def table(rows: str) -> list:
    """Lines of `condition | value | yes or no`; `null` is None, a comma makes a list."""
    return [pytest.param(*(part.strip() for part in line.split("|")), id=line.strip()) for line in rows.strip().splitlines()]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    table("""
    {eq: Ann}                          | ann                           | yes
    {eq: [Bob, Ann]}                   | ANN                           | yes
    {eq: Ann}                          | anna                          | no
    {eq: Ann}                          | null                          | no
    {eq: 12}                           | 12                            | yes
    {neq: Ann}                         | ANN                           | no
    {neq: [Ann, Bob]}                  | bob                           | no
    {neq: [Ann, Bob]}                  | carl                          | yes
    {neq: Ann}                         | null                          | yes
    {eq: STRASSE}                      | straße                        | yes
    {eq: ΣΊΣΥΦΟΣ}                      | σίσυφος                       | yes
    {eq: İ}                            | i                             | no
    {contains: global}                 | Contoso Global Administrators | yes
    {contains: lobal}                  | Contoso Global Administrators | no
    {contains: "Global Admin"}         | global.admin                  | yes
    {contains: "Global Admin"}         | Global-Admin_1                | yes
    {contains: "Global Admin"}         | Global Administrators         | no
    {contains: "Global Admin"}         | Admin Global                  | no
    {contains: [x, example]}           | a@EXAMPLE.com                 | yes
    {contains: example.com}            | a@example.com                 | yes
    {contains: temp}                   | c:\\temp/new                  | yes
    {contains: a}                      | null                          | no
    {ncontains: global}                | Contoso Global                | no
    {ncontains: lobal}                 | Contoso Global                | yes
    {ncontains: global}                | null                          | yes
    {substring: OSO}                   | Contoso                       | yes
    {substring: [x, y]}                | Contoso                       | no
    {nsubstring: OSO}                  | Contoso                       | no
    {nsubstring: OSO}                  | null                          | yes
    {startswith: [CON, x]}             | contoso                       | yes
    {startswith: on}                   | contoso                       | no
    {nstartswith: CON}                 | contoso                       | no
    {nstartswith: CON}                 | null                          | yes
    {endswith: OSO}                    | contoso                       | yes
    {endswith: cont}                   | contoso                       | no
    {nendswith: OSO}                   | contoso                       | no
    {nendswith: OSO}                   | null                          | yes
    {matches: "o.t"}                   | CONTOSO                       | yes
    {matches: "^ont"}                  | contoso                       | no
    {matches: ["^x", "so$"]}           | contoso                       | yes
    {matches: "É"}                     | café                          | yes
    {nmatches: "o.t"}                  | contoso                       | no
    {nmatches: "o.t"}                  | null                          | yes
    {isset: true}                      | x                             | yes
    {isset: true}                      | null                          | no
    {isset: false}                     | null                          | yes
    {isset: false}                     | x                             | no
    {startswith: c, neq: [contoso]}    | contoso                       | no
    {startswith: c, neq: [contoso]}    | c                             | yes
    {neq: contoso, isset: true}        | null                          | no
    """),
)
def test_text(condition, value, expected):
    activity = Activity(object_name=None if value == "null" else value.replace("\\\\", "\\"))
    assert holds(f"{{object_name: {condition}}}", activity) is (expected == "yes")


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    table("""
    {cidr: 10.0.0.0/8}                  | 10.1.2.3              | yes
    {cidr: 10.0.0.0/8}                  | 11.1.2.3              | no
    {cidr: [10.0.0.0/8, 192.0.2.0/24]}  | 192.0.2.255           | yes
    {cidr: 192.0.2.7}                   | 192.0.2.7             | yes
    {cidr: 192.0.2.7/24}                | 192.0.2.9             | yes
    {cidr: 0.0.0.0/0}                   | 2001:db8::1           | no
    {cidr: "::/0"}                      | 192.0.2.7             | no
    {cidr: "2001:db8::/32"}             | 2001:DB8:0:1::7       | yes
    {cidr: "2001:db8::/32"}             | 2001:db9::1           | no
    {cidr: 10.0.0.0/8}                  | ::ffff:10.0.0.1       | yes
    {cidr: 10.0.0.0/8}                  | [10.0.0.1]            | yes
    {cidr: 0.0.0.0/0}                   | AWS Internal          | no
    {cidr: 0.0.0.0/0}                   | 10.1                  | no
    {cidr: 0.0.0.0/0}                   | null                  | no
    {ncidr: 10.0.0.0/8}                 | 10.1.2.3              | no
    {ncidr: 10.0.0.0/8}                 | host.example.com      | yes
    {ncidr: 10.0.0.0/8}                 | null                  | yes
    """),
)
def test_networks(condition, value, expected):
    activity = Activity(ip_address=None if value == "null" else value)
    assert holds(f"{{ip_address: {condition}}}", activity) is (expected == "yes")


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    table("""
    {eq: finance}                      | Finance, IT     | yes
    {eq: fin}                          | Finance, IT     | no
    {eq: finance}                      |                 | no
    {neq: finance}                     | IT, Finance     | no
    {neq: finance}                     | IT              | yes
    {neq: finance}                     |                 | yes
    {contains: admins}                 | Domain Admins   | yes
    {ncontains: admins}                | IT, Domain Admins | no
    {startswith: dom}                  | IT, Domain      | yes
    {nstartswith: dom}                 | IT, Domain      | no
    {matches: "^it$"}                  | Domain, IT      | yes
    {isset: true}                      | IT              | yes
    {isset: true}                      |                 | no
    {isset: false}                     |                 | yes
    """),
)
def test_lists(condition, value, expected):
    activity = Activity(user_groups=tuple(part.strip() for part in value.split(",") if part.strip()))
    assert holds(f"{{user_groups: {condition}}}", activity) is (expected == "yes")


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    table("""
    {eq: 5}             | 5    | yes
    {eq: [4, 5]}        | 5    | yes
    {eq: 5}             | null | no
    {neq: 5}            | 5    | no
    {neq: 5}            | null | yes
    {gt: 5}             | 5    | no
    {gt: 4.5}           | 5    | yes
    {gt: [9, 4]}        | 5    | yes
    {gte: 5}            | 5    | yes
    {lt: 5}             | 5    | no
    {lt: [1, 6]}        | 5    | yes
    {lte: 5}            | 5    | yes
    {lt: 5}             | null | no
    {gt: 0}             | null | no
    {range: [5, 7]}     | 5    | yes
    {range: [5, 7]}     | 7    | yes
    {range: [5, 7]}     | 8    | no
    {range: [[1, 2], [7, 8]]} | 8 | yes
    {range: [5, 7]}     | null | no
    {isset: true}       | 0    | yes
    {isset: false}      | null | yes
    {gt: 1, lt: 3}      | 2    | yes
    {gt: 1, lt: 3}      | 3    | no
    """),
)
def test_numbers(condition, value, expected):
    activity = Activity(asn=None if value == "null" else int(value))
    assert holds(f"{{asn: {condition}}}", activity) is (expected == "yes")


def test_fractions():
    assert holds("{latitude: {range: [59.5, 60]}}", Activity(latitude=59.9))
    assert not holds("{latitude: {gt: 59.9}}", Activity(latitude=59.9))


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("{eq: true}", True, True),
        ("{eq: true}", False, False),
        ("{eq: true}", None, False),
        ("{neq: true}", None, True),
        ("{neq: true}", True, False),
        ("{eq: false}", None, False),
        ("{eq: false}", False, True),
        ("{eq: [true, false]}", False, True),
        ("{isset: true}", False, True),
        ("{isset: false}", None, True),
    ],
)
def test_flags(condition, value, expected):
    assert holds(f"{{is_impersonated: {condition}}}", Activity(is_impersonated=value)) is expected


@pytest.mark.parametrize(
    ("condition", "moment", "expected"),
    [
        ("{gte: 2026-02-01}", 1_769_904_000_000, True),
        ("{lt: 2026-02-01T00:00:00Z}", 1_769_904_000_000, False),
        ("{eq: 2026-02-01T01:00:00+01:00}", 1_769_904_000_000, True),
        ('{gt: "2026-01-31T23:59:59.999"}', 1_769_904_000_000, True),
        ("{range: [2026-01-31, 2026-02-01]}", 1_769_904_000_000, True),
        ("{range: [2026-01-31, 2026-02-01]}", 1_769_904_000_001, False),
        ("{within_days: 1}", NOW - DAY, True),
        ("{within_days: 1}", NOW - DAY - 1, False),
        ("{within_days: 0.5}", NOW - DAY // 2 - 1, False),
        ("{within_days: [1, 3]}", NOW - 2 * DAY, True),
    ],
)
def test_times(condition, moment, expected):
    assert holds(f"{{timestamp: {condition}}}", Activity(timestamp=moment)) is expected


FILES = (ActivityObject("1", "report.docx", "File"), ActivityObject(None, "Finance", "Group"))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{eq: finance}", True),
        ("{eq: file}", True),
        ("{eq: '1'}", True),
        ("{neq: '1'}", False),
        ("{endswith: .docx}", True),
        ("{nendswith: .xlsx}", True),
        ("{isset: true}", True),
    ],
)
def test_objects_by_id_name_or_type(condition, expected):
    assert holds(f"{{objects: {condition}}}", Activity(objects=FILES)) is expected


def test_a_hostile_text_costs_little():
    # Python's own regular expressions would need longer than the universe is old.
    assert not holds('{user_agent: {matches: "(a+)+$"}}', Activity(user_agent="a" * 50_000 + "!"))


def test_every_operator_is_in_these_tables():
    tables = "".join(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
        for name in ("test_operators.py", "test_raw.py", "test_log_on_failures.py")
    )
    assert [name for name in OPERATORS if f"{{{name}: " not in tables] == []
