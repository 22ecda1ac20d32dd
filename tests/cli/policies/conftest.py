"""Policies of their own, over the prepared store."""

import pytest


@pytest.fixture
def rules(place, tmp_path):
    """A configuration with its own rules, and the store of the others."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "casbd.yaml").write_text((place / "casbd.yaml").read_text().replace("core/state", str(place / "core" / "state")))
    (tmp_path / "rules" / "failed.yaml").write_text(
        "name: Failed\nseverity: high\nfilters: {activity_type: {eq: Failed log on}}\ntests:\n"
        "  - {name: one, activities: [{activity_type: Failed log on, user: a@b.c}], alerts: 1}\n"
        "  - {name: who, activities: [{activity_type: Failed log on, user: a@b.c}], alerts: [{user: x@b.c}]}\n"
        "  - {name: two, activities: [{activity_type: Failed log on, repeat: 2}], alerts: 1}\n"
        '  - {name: raw, activities: [{format: m365, raw: {CreationTime: "?", Operation: x}}], alerts: 1}\n'
    )
    (tmp_path / "rules" / "burst.yaml").write_text(
        "name: Burst\nmode: simulate\nfilters: {activity_type: {eq: Failed log on}}\nmatch: {repeated: 3, within: 90s}\n"
    )
    return tmp_path / "casbd.yaml"
