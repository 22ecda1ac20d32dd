"""The configuration, and the lists that it names: a file's name, a line end, its text; all others are in order.

It is settings from which everything can be built, or every mistake has its place; nothing else is raised.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from casbd.daemon.engine import Engine
from casbd.errors import Mistakes
from targets import ROOT
from targets.rule import placed

TOKENS = [
    *b"tcp tls relp enforce approve {credential: {env: {file: &a *a !!binary --- 99999999999d 1e9 [] {}".split(),
    *b"0.0.0.0/0 ::/129 ../.. ' # cr\xc3\xa9 type: format: regex: zone:".split(),
]
NAMES = ("casbd.yaml", "ip_ranges.yaml", "user_groups.yaml", "exceptions.yaml", "tor.txt")
EXCEPTIONS = b"""exceptions:
  - policy: one
    filters: {user: {eq: a@contoso.com}}
    reason: a test
    expires: 2026-12-31
"""
SHORT = b"state_dir: state\nrules: [rules]\n"
WITH_LISTS = SHORT + b"organization: {user_groups: user_groups.yaml}\nenrichment: {ip_ranges: ip_ranges.yaml, tor: tor.txt}\n"
"""The configuration beside which a list is tried."""
RULE = "name: One\nfilters: {activity_type: {eq: Log on}}\n"


@cache
def _files() -> dict[str, bytes]:
    """The files in order; the configuration has every example of the documented one."""
    text = re.sub(r"^( *)# ( *)(- (?:\{|[a-z_]+: )|[a-z_]+: )", r"\1\2\3", (ROOT / "conf" / "casbd.yaml").read_text(), flags=re.MULTILINE)
    quick = ROOT / "conf" / "quickstart"
    return {
        "casbd.yaml": text.encode(),
        "exceptions.yaml": EXCEPTIONS,
        **{name: (quick / name).read_bytes() for name in ("ip_ranges.yaml", "user_groups.yaml", "tor.txt")},
    }


def seeds() -> list[bytes]:
    """Each file, and shorter configurations."""
    quick = (ROOT / "conf" / "quickstart.yaml").read_bytes().replace(b"quickstart/", b"").replace(b"../rules", b"rules")
    parts = re.split(rb"\n(?=[a-z_]+:)", _files()["casbd.yaml"])
    short = [SHORT + part for part in parts if not part.startswith((b"state_dir", b"rules"))]
    files = [*_files().items()]
    return [name.encode() + b"\n" + text for name, text in [*files, *(("casbd.yaml", text) for text in [quick, *short, WITH_LISTS])]]


def attempt(data: bytes) -> None:
    """Check it, with all that it names."""
    first, _, text = data.partition(b"\n")
    name = first.decode("latin-1")
    chosen = name if name in NAMES else "casbd.yaml"
    directory = Path(tempfile.mkdtemp())
    try:
        (directory / "rules").mkdir()
        (directory / "rules" / "one.yaml").write_text(RULE)
        for other, content in (_files() | {"casbd.yaml": WITH_LISTS}).items():
            where = directory / "rules" / other if other == "exceptions.yaml" else directory / other
            where.write_bytes(text if other == chosen else content)
        _check(directory / "casbd.yaml")
    finally:
        shutil.rmtree(directory)


def _check(path: Path) -> None:
    try:
        engine = Engine(path)
        _ = engine.doubts, engine.files(), engine.meanings()
    except Mistakes as error:
        placed(error.mistakes)
