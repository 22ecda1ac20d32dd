import importlib.util
from datetime import date
from pathlib import Path

SOURCE = Path(__file__).with_name("generate_user_agents.py")
spec = importlib.util.spec_from_file_location("generate_user_agents", SOURCE)
assert spec
assert spec.loader
generator = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generator)

TODAY = date(2026, 11, 21)


def test_a_browser_is_fresh_as_long_as_the_grace_lasts() -> None:
    releases = {
        "9": {"release_date": "2025-01-01", "status": "esr"},
        "10": {"release_date": "2026-01-01", "status": "retired"},
        "11": {"release_date": "2026-05-25", "status": "retired"},
        "12": {"release_date": "2026-05-26", "status": "current"},
        "13": {"release_date": "2027-01-01", "status": "planned"},
        "14": {"status": "planned"},
    }
    assert generator.browser_threshold(releases, date(2026, 5, 25), TODAY) == {"min": "11", "latest": "12", "also": ["9"]}


def test_a_system_is_fresh_from_the_last_unsupported_version_on(tmp_path: Path) -> None:
    page = tmp_path / "ios.md"
    page.write_text("""\
---
title: iOS
releases:
  - {releaseCycle: "26", eol: false}
  - {releaseCycle: "18", eol: 2027-01-01}
  - {releaseCycle: "17", eol: 2026-11-21}
  - {releaseCycle: "16", eol: false}
---
Text
""")
    assert generator.system_threshold(page, "18.6", TODAY) == {"min": "18", "frozen": "18.6"}
