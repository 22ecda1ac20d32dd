"""`run --once` delivers, and then leaves a log behind that is quick to search."""

import json

from builders import HOUR, NOON

from casbd.daemon.service import run
from casbd.outbox.dispatcher import Dispatcher
from casbd.store.database import Store
from casbd.store.log import blocks, segments

MAPPING = "mapping: {timestamp: time, activity_id: id, user: user}"


def test_few_activities_wait_for_a_segment_when_it_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "AFTER_A_WHILE", 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "casbd.yaml").write_text(f"state_dir: state\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n")
    for number, expected in ((19, 19), (1, 0)):
        lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": f"{number}-{one}", "user": "a"}) for one in range(number)]
        (tmp_path / "in" / f"{number}.json").write_text("\n".join(lines) + "\n")
        run(tmp_path / "casbd.yaml", once=True)
        with Store(tmp_path / "state", readonly=True) as store:
            assert sum(len(blocks.read_block(store.connection, block)) for block in blocks.listed(store.connection)) == expected


def test_alerts_do_not_wait_for_segments(tmp_path, monkeypatch):
    steps = []
    drain = Dispatcher.drain

    def drained(*arguments):
        steps.append("deliver")
        return drain(*arguments)

    monkeypatch.setattr(Dispatcher, "drain", drained)
    monkeypatch.setattr(segments, "plan", lambda *_, **__: steps.append("make segments"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps({"time": "2026-01-01T12:00:00Z", "id": "1", "user": "a"}) + "\n")
    (tmp_path / "casbd.yaml").write_text(f"state_dir: state\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n")
    run(tmp_path / "casbd.yaml", once=True)
    assert steps[:2] == ["deliver", "make segments"]  # and once more when it ends


def test_it_is_said_how_many_alerts_were_held_back_before(tmp_path):
    """Who runs casbd now and then, and never as a service, must learn of them too."""
    (tmp_path / "in").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "quiet.yaml").write_text("name: quiet\nfilters: {user: {eq: a}}\nalert: {suppress: 1h}\n")
    lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": str(one), "user": "a"}) for one in range(3)]
    (tmp_path / "in" / "a.json").write_text("\n".join(lines) + "\n")
    (tmp_path / "casbd.yaml").write_text(
        f"state_dir: state\nrules: [rules]\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n"
        "outputs: [{name: siem, type: file, path: alerts, format: json}]\n"
    )
    run(tmp_path / "casbd.yaml", once=True, clock=lambda: NOON)
    run(tmp_path / "casbd.yaml", once=True, clock=lambda: NOON + HOUR)
    sent = [json.loads(line)["title"] for line in (tmp_path / "alerts").read_text().splitlines()]
    assert sent == ["quiet", "2 more of quiet"]


def test_its_progress_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    line = json.dumps({"time": "2026-01-01T12:00:00Z", "id": "1", "user": "a"}) + "\n"
    (tmp_path / "in" / "a.json").write_text(line)
    (tmp_path / "casbd.yaml").write_text(f"state_dir: state\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n")
    told = []
    run(tmp_path / "casbd.yaml", once=True, progress=lambda *numbers: told.append(numbers))
    assert told == [(len(line), len(line), 1)]


def test_half_a_record_at_the_end_is_told_as_unread(tmp_path):
    """A service waits for the rest; here nothing more comes, and who exported it must learn of it."""
    lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": str(one), "user": "a"}) for one in range(3)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text("\n".join(lines)[:-5])
    (tmp_path / "casbd.yaml").write_text(f"state_dir: state\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n")
    outcome = run(tmp_path / "casbd.yaml", once=True)
    assert [one.path for one in outcome.unread] == [str(tmp_path / "in" / "a.json")]
    with Store(tmp_path / "state", readonly=True) as store:
        assert blocks.at_most(store.connection) == 2
