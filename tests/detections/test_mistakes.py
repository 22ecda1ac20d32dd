"""What an analyst gets wrong in `match:` of policies that compare with what is usual is told once, at its place, with what is allowed."""

import pytest

from casbd.errors import Mistakes
from casbd.policies.loading import load

NAMES = "should be organization, or a list of 1 to 1000 names, such as [Microsoft Teams, DocuSign]"
LEVELS = "is none of low, medium, high"
WRONG = {
    "lookalike: object_name, of: organisation": f"37: `match.of`: {NAMES} (did you mean `organization`?)",
    "lookalike: object_name, of: []": f"37: `match.of`: {NAMES}",
    "lookalike: object_name, of: [1, Teams]": f"37: `match.of`: {NAMES}",
    "lookalike: object_name, of: {a: 1}": f"37: `match.of`: {NAMES}",
    "lookalike: object_name, sensitivity: high": "8: `match`: `sensitivity` goes with `new`, `shared_session`, `travel`, `unusual`",
    "new: contry": "14: `match.new[0]`: unknown field `contry` (did you mean `country`?)",
    "new: country, history: 3d": "32: `match.history`: `3d` is not from 7d to 400d",
    "new: country, learning: 90d, history: 30d": "8: `match`: `learning` is not longer than `history`",
    "new: country, unless_common: 30": "38: `match.unless_common`: should be at most 7",
    "new: isp, familiar: user_agent, sessions: raw.SessionId": (
        "8: `match`: `sessions` belongs to `new: country` with `familiar: user_agent`"
    ),
    "new: country, sessions: raw.SessionId": "8: `match`: `sessions` belongs to `new: country` with `familiar: user_agent`",
    "new: user": "8: `match`: `new: user` is of who did none of this before, so `first_use: true` belongs to it",
    "new: country, sensitivity: Medium": f"36: `match.sensitivity`: `Medium` {LEVELS} (did you mean `medium`?)",
    "travel: imposible": "17: `match.travel`: `imposible` is none of impossible (did you mean `impossible`?)",
    "travel: impossible, within: 1h": "8: `match`: `within` goes with `after`, `repeated`, `sequence`, `shared_session`, `spray`",
    "after: Delete user, within: 90d": "16: `match.after`: should be a mapping of keys and values",
    "after: {app: {eq: A}}, within: 90d, as: target": "49: `match.as`: `target` is none of object, actor",
    "after: {app: {eq: A}}, within: 90d, by: country": "8: `match`: such a policy goes by `user`, in all apps",
    "dormant: 7d": "18: `match.dormant`: `7d` is not from 8d to 3650d",
    "dormant: 60d, familiar: device": "33: `match.familiar`: unknown field `device` (did you mean `device_type`?)",
    "spray: 3, within: 2d": "27: `match.within`: `2d` is not from 1s to 1d",
    "spray: 3, by: ip_address": "8: `match`: by `ip_address` `within` is at most 3h",
    "spray: 3, by: app": "8: `match`: such a policy goes by `user` or by `ip_address`, in all apps",
    "spray: 3, single_app: true": "8: `match`: such a policy goes by `user` or by `ip_address`, in all apps",
    "shared_session: raw.Id, within: 5d": "41: `match.within`: `5d` is not from 1s to 6h",
    "shared_session: raw.Id, sensitivity: hi": f"46: `match.sensitivity`: `hi` {LEVELS} (did you mean `high`?)",
    "priority: top": "19: `match.priority`: should be a number",
    "priority: 100": "19: `match.priority`: should be less than 100",
    "priority: 95, by: app": "8: `match`: such a policy goes by `user`, in all apps",
}


@pytest.mark.parametrize(("match", "told"), WRONG.items(), ids=WRONG)
def test_it_is_told_once(match, told, tmp_path):
    filters = "" if match.startswith("priority") else "filters: {app: {eq: Okta}}"
    (tmp_path / "one.yaml").write_text(f"name: One\n{filters}\nmatch: {{{match}}}\n")
    with pytest.raises(Mistakes) as caught:
        load([tmp_path])
    assert str(caught.value) == f"{tmp_path}/one.yaml:3:{told}"


def test_a_percentile_means_the_same_however_it_is_written(tmp_path):
    def match(number):
        (tmp_path / "one.yaml").write_text(f"name: One\nmatch: {{priority: {number}}}\n")
        return load([tmp_path])[0]

    assert match("99").digest == match("99.0").digest
    assert match("99.9").match.priority == 99.9
