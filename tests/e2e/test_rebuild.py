"""A log that was lost is made anew from the exports; everything else stays, and goes on."""

import m365_records
import pytest
from running import Site

from casbd.store.database import Store
from casbd.store.log import segments


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "site")
    stream = m365_records.stream(600)
    stream += m365_records.failed_log_ons(m365_records.USERS[1], stream[300][0], seed=1)
    lines = [line for _, line in sorted(stream)]
    site.write("one.ndjson", lines[:300])
    site.write("two.ndjson", lines[250:])
    site.once()
    with Store(site.directory / "state") as store:
        while segments.compact(store, at_least=1):
            pass
    yield site
    site.close()


def test_it_is_what_it_was_and_goes_on(site):
    ids, alerts, delivered, counts = site.activity_ids(), site.alerts(), site.delivered(), site.counts()
    with Store(site.directory / "state") as store:
        for segment in segments.listed(store):
            segment.path.unlink()
    assert site.run("activities", "search").code == 1
    finished = site.run("store", "rebuild", "--from", str(site.inputs / "one.ndjson"), str(site.inputs / "two.ndjson"))
    assert finished.code == 0, finished.err
    assert f"{len(ids)} activities of {len(ids)} records; 50 repeats, 0 rejects" in finished.err
    assert site.activity_ids() == ids
    assert site.run("store", "verify").code == 0
    assert not (site.directory / "state" / "rebuild").exists()
    more = [line for _, line in m365_records.stream(20, seed=9)]
    site.write("two.ndjson", [*more, (site.inputs / "one.ndjson").read_bytes().splitlines()[0]])
    site.once()
    assert len(site.activity_ids()) == len(ids) + 20
    assert site.counts()["duplicates"] == counts["duplicates"] + 1, "what was read before is known"
    assert site.delivered()[: len(delivered)] == delivered
    assert {alert[0] for alert in alerts} <= {alert[0] for alert in site.alerts()}
    (entry,) = [one for one in site.listed("audit", "list") if one["action"] == "store rebuild"]
    assert entry["detail"]["activities"] == len(ids)


def test_a_file_of_no_input_changes_nothing(site):
    ids = site.activity_ids()
    other = site.directory / "other.ndjson"
    other.write_bytes((site.inputs / "one.ndjson").read_bytes())
    finished = site.run("store", "rebuild", "--from", str(site.inputs / "one.ndjson"), str(other))
    assert (finished.code, "belongs to no input" in finished.err) == (75, True)
    assert site.activity_ids() == ids
    finished = site.run("store", "rebuild", "--input", "m365", "--from", str(other))
    assert (finished.code, "nothing is changed" in finished.err) == (75, True), "there would be less than before"
    assert site.activity_ids() == ids
    finished = site.run("store", "rebuild", "--yes", "--input", "m365", "--from", str(other))
    assert finished.code == 0
    assert len(site.activity_ids()) == 300


def test_what_is_still_to_be_sent_is_not_lost(site):
    with Store(site.directory / "state") as store, store.transaction() as connection:
        connection.execute("INSERT INTO outbox (destination, kind, block_id, size, body) VALUES ('lake', 'activities', 1, 1, x'')")
    finished = site.run("store", "rebuild", "--from", str(site.inputs / "one.ndjson"))
    assert (finished.code, "lake" in finished.err) == (75, True)
