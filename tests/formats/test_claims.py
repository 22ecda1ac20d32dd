"""`format: auto`: each format knows its own records, and no other's. Its samples lie beside its tests: `**/*sample.*`."""

import pytest
import samples

from casbd.daemon.engine import detect
from casbd.plugins import registry

SAMPLES = samples.paths()


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_format_is_told_by_its_records(sample):
    name, records = samples.format_of(SAMPLES[sample]), samples.records(SAMPLES[sample])
    assert detect(records) == name
    general = {"cef"} - {name}  # which reads anybody's, and is less sure than a sender's own format
    claims = {other: cls.claims(records) for other, cls in registry.load_all("formats").items() if other not in {name, *general}}
    assert not any(claims.values()), claims


@pytest.mark.parametrize("name", registry.names("formats"))
def test_what_is_nobodys_is_not_claimed(name):
    cls = registry.load("formats", name)
    for sample in ([], [b"{}"], [b"[]"], [b"null"], [b"not json"], [b'"text"'], [b'{"a": 1}'], [b"\xff"], [b"[" * 5000]):
        assert cls.claims(sample) == 0


@pytest.mark.parametrize("name", registry.names("formats"))
def test_what_claims_records_has_a_sample(name):
    """The formats of any shape, which a mapping says, have no `claims` of their own."""
    assert ("claims" in vars(registry.load("formats", name))) == (name in map(samples.format_of, SAMPLES.values()))
