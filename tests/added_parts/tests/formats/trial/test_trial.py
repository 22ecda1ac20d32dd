from pathlib import Path

from casbd.formats.trial import Trial, TrialOptions
from golden import agrees

HERE = Path(__file__).parent


def test_golden():
    form = Trial(TrialOptions())
    records = (HERE / "sample.ndjson").read_bytes().splitlines()
    assert agrees([one for record in records for one in form.parse(record)], HERE / "golden.json")
