"""Lines that were made to break something, among good ones."""

import json
import os
import random

import m365_records
import strict_cef
from running import DOWNLOADS, ids

GOOD = int(os.environ.get("CASBD_E2E_GOOD", "4500"))
"""18,000 in the long run; a ninth as many mutated ones go between them."""
MEMORY = 600_000_000

NASTY = (
    "\x1b[2J\x1b]0;owned\x07",
    "a|b\\|c=d\\=e\n\rCEF:0|x|y|",
    "cs1=forged externalId=1 src=1.2.3.4",
    "\u202egnp.exe",
    "\u2028\u2029\x85",
    "\x00\x01\x7f",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "%s%n${jndi:ldap://x}",
    "\ud800",
    "\ufeff",
    "'; DROP TABLE blocks; --",
    "../" * 50,
    "A" * 70_000,
)


def truncated(chance, line):
    return line[: chance.randrange(len(line))]


def random_bytes(chance, line):
    return chance.randbytes(chance.randrange(1, 3000)).replace(b"\n", b"")


def some_bytes_changed(chance, line):
    changed = bytearray(line)
    for _ in range(chance.randrange(1, 20)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed).replace(b"\n", b" ")


def invalid_utf8(chance, line):
    return line.replace(b"contoso", chance.choice((b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")), 1)


def nasty_text(chance, line):
    record = json.loads(line)
    for key in chance.sample(sorted(record), 4):
        record[key] = chance.choice(NASTY)
    return json.dumps(record, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass").replace(b"\n", b"")


def download_of_nasty_names(chance, line):
    """A record that raises an alert, so that its text goes all the way."""
    record = json.loads(m365_records.download(chance.choice(NASTY), m365_records.START, seed=chance.randrange(10**9)))
    for key in ("SourceFileName", "ObjectId", "UserAgent", "ClientIP"):
        record[key] = chance.choice(NASTY)
    return json.dumps(record).encode()


def other_types(chance, line):
    record = json.loads(line)
    for key in chance.sample(sorted(record), 5):
        record[key] = chance.choice(
            (None, 0, -1.5, 10**400, True, [], {}, [[[]]], {"Name": {"Name": []}}, [{"Name": 1, "Value": {}}], "", "x")
        )
    return json.dumps(record).encode()


MUTATIONS = (truncated, random_bytes, some_bytes_changed, invalid_utf8, nasty_text, download_of_nasty_names, other_types)


def huge(kind):
    """5 MB."""
    record = m365_records.lines(1, seed=kind)[0]
    padding = {0: b'"A":"' + b"x" * 5_000_000 + b'",', 1: b'"A":[' + b"1," * 2_500_000 + b"1],", 2: b'"A":"' + b"\\u0041" * 800_000 + b'",'}
    return b"{" + padding[kind % 3] + record[1:]


def deep(kind):
    """100,000 brackets."""
    brackets = (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)[kind % 3]
    record = m365_records.lines(1, seed=1000 + kind)[0]
    return brackets if kind % 2 else b'{"A":' + brackets + b"," + record[1:]


def hostile(good):
    """The good lines with bad ones between them."""
    chance = random.Random(4)
    bad = [chance.choice(MUTATIONS)(chance, chance.choice(good)) for _ in range(GOOD // 9)]
    bad += [huge(n) for n in range(6)] + [deep(n) for n in range(6)]
    mixed = [(chance.random(), line) for line in (*good, *bad)]
    return [line for _, line in sorted(mixed)]


def test_hostile_lines_harm_nobody(make_site):
    site = make_site(rules={"downloads": DOWNLOADS})
    site.configure(
        outputs=[{"name": "file", "type": "file", "path": str(site.alerts_file), "send": ["alerts", "activities"]}],
    )
    good = m365_records.lines(GOOD)
    lines = hostile(good)
    site.write("audit.ndjson", lines)
    finished = site.once()
    assert finished.peak < MEMORY, f"{finished.peak / 1e6:.0f} MB"
    counts = site.counts()
    assert counts["received"] == sum(bool(line.strip(b" \t\r\0")) for line in lines)
    assert set(ids(good)) <= set(site.activity_ids())
    for line in site.alert_lines():
        strict_cef.parse(line)
    assert len(site.alert_lines()) == counts["activities"] + len(site.alerts())
    assert len(site.listed("rejects", "list")) == counts["rejects"]
    for command in (["activities", "search"], ["alerts", "list"], ["rejects", "list"], ["status"]):
        printed = site.run(*command)
        assert printed.code == 0
        assert "\x1b" not in printed.out
