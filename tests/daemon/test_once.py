"""`run --once` delivers, and then leaves a log behind that is quick to search."""

import json

from builders import HOUR, NOON

from casbd.daemon.service import run
from casbd.outbox.dispatcher import Dispatcher
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.state import replays

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


def test_a_new_output_gets_what_is_stored_and_a_replay_is_sent_before_the_end(tmp_path):
    """Three activities and an alert of each, read while there was another output."""
    (tmp_path / "in").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "any.yaml").write_text("name: any\nfilters: {user: {eq: a}}\n")
    lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": str(one), "user": "a"}) for one in range(3)]
    (tmp_path / "in" / "a.json").write_text("\n".join(lines) + "\n")

    def once(*outputs, at=NOON):
        written = ", ".join(
            f"{{name: {name}, type: file, path: {name}, format: json, send: [alerts, activities]{more}}}" for name, more in outputs
        )
        (tmp_path / "casbd.yaml").write_text(
            f"state_dir: state\nrules: [rules]\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\noutputs: [{written}]\n"
        )
        run(tmp_path / "casbd.yaml", once=True, clock=lambda: at)

    def sent(name):
        try:
            got = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        except FileNotFoundError:
            return []
        return sorted(line.get("alert_id") or line["activity_id"] for line in got)

    once(("old", ", from: beginning"))
    first = sent("old")
    assert len(first) == 6
    once(("old", ""), ("new", ", from: beginning"), ("late", ""), at=NOON + HOUR)
    assert (sent("old"), sent("new"), sent("late")) == (first, first, [])
    with Store(tmp_path / "state") as store, store.transaction() as connection:
        replays.ask(connection, "late", 0, NOON + HOUR)
    once(("old", ""), ("new", ", from: beginning"), ("late", ""), at=NOON + 2 * HOUR)
    assert (sent("old"), sent("new"), sent("late")) == (first, first, first)


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


def test_what_was_learned_in_the_first_run_is_known_in_the_next(tmp_path):
    """Nothing was stored when the first one began: nothing was to be learned by then, and what it learned stays."""
    (tmp_path / "in").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "abroad.yaml").write_text("name: abroad\nfilters: {user: {eq: a}}\nmatch: {new: country, history: 60d}\n")
    mapping = "mapping: {timestamp: time, activity_id: id, user: user, country: country}"
    (tmp_path / "casbd.yaml").write_text(
        f"state_dir: state\nrules: [rules]\ninputs: [{{name: a, path: in/*, format: json, {mapping}}}]\n"
        "outputs: [{name: siem, type: file, path: alerts, format: json}]\n"
    )
    usual = [{"time": f"2026-01-{day:02}T12:00:00Z", "id": f"{day}", "user": "a", "country": "NO"} for day in range(1, 16)]
    new = [{"time": "2026-01-16T12:00:00Z", "id": "16", "user": "a", "country": "BR"}]
    for name, records in (("usual", usual), ("new", new)):
        (tmp_path / "in" / f"{name}.json").write_text("".join(json.dumps(one) + "\n" for one in records))
        run(tmp_path / "casbd.yaml", once=True, clock=lambda: NOON + 365 * 24 * HOUR)
    (alert,) = (tmp_path / "alerts").read_text().splitlines()
    assert json.loads(alert)["activity_ids"] == ["16"]
