"""Microsoft 365: a record of which fields are picked becomes the activity that it becomes decoded as a whole."""

import json
import random
import sys
from pathlib import Path

import pytest
from any_json import any_json
from builders import record
from hypothesis import given
from hypothesis import strategies as st

from casbd.formats._m365_record import Picked, Record
from casbd.records import picking

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "e2e"), str(Path(__file__).parents[2] / "fuzz")]

import m365_records  # noqa: E402
from mutation import mutate  # noqa: E402
from picked_and_decoded import PICKING, agree  # noqa: E402

pytestmark = pytest.mark.skipif(not picking.COMPILED, reason="there was no compiler")
HERE = Path(__file__).parent
SAMPLES = [path.read_bytes().strip() for path in sorted(HERE.glob("cases/*/input.json"))] + [
    line.strip()
    for path in [*sorted(HERE.glob("*/*.json*")), *sorted((HERE.parents[2] / "conf" / "quickstart").rglob("*.*json*"))]
    for line in path.read_bytes().splitlines()
]
USUAL = m365_records.lines(600, seed=5)


def minified(sample):
    try:
        return json.dumps(json.loads(sample), separators=(",", ":")).encode()
    except ValueError:
        return sample


def test_all_samples():
    assert all(agree(sample) and agree(minified(sample)) for sample in SAMPLES)


def test_usual_records_are_picked_from():
    assert all(agree(line) for line in USUAL)
    assert None not in [PICKING._pick(line) for line in USUAL]
    cases = [minified(sample) for sample in SAMPLES if b'"CreationTime"' in sample]
    assert sum(PICKING._pick(sample) is not None for sample in cases) > 0.95 * len(cases)


def test_mutated_records():
    chance = random.Random(7)
    seeds = [*map(minified, SAMPLES), *USUAL[:50]]
    assert all(agree(mutate(chance.choice(seeds), seeds, [], chance)) for _ in range(4000))


def test_every_field_of_a_record_is_looked_at_by_who_picks():
    """Else a record with a value of a wrong type in it would be picked from, and not have the mistakes of others in it mended."""
    picked = {path[0] for output in PICKING._outputs() for path in output.paths}
    assert picked == {*Record.__struct_fields__}
    assert len(PICKING._outputs()) == len(Picked.__struct_fields__)


@given(
    st.dictionaries(
        st.sampled_from(Record.__struct_fields__),
        any_json(
            ["Name", "Value", "Key", "ID", "Type", "UPN", "Id"],
            [
                0,
                5,
                15,
                "True",
                "UserAgent",
                "IsCompliant",
                "TrustType",
                "a@contoso.com",
                "00000000-0000-0000-0000-00000000000a",
                "S-1-5-18",
            ],
        ),
        max_size=8,
    ),
    st.sampled_from(["AzureActiveDirectory", "Exchange", "SharePoint", "MicrosoftTeams", "Copilot", "New", None]),
    st.sampled_from(["Add member to role.", "UserLoggedIn", "Set-Mailbox", "Add-MailboxPermission", "Send", "SendAs", "FileAccessed"]),
)
def test_any_record(fields, workload, operation):
    assert agree(minified(record(**{"Workload": workload, "Operation": operation} | fields)))
