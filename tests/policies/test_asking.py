"""A policy that costs far too much is found and asked no more; an honest one never is, whatever the record and the machine."""

import random

import pytest
from builders import chunk, record

from casbd.clock import thread_cpu
from casbd.policies import asking as module
from casbd.store.state import audit, set_aside

HONEST = {"failed": {}}


def letters(number, seed):
    """Text that keeps RE2 busy: every position is a new state."""
    return "".join(random.Random(seed).choices("xy", k=number))


def large(seed):
    """An expression at the limit of its size, as large in memory as it gets."""
    return f"x[xy]{{{960 + seed % 40}}}z{seed}"


def matching(*expressions):
    return {"filters": {"raw": {"matches": list(expressions)}}}


def many(text, number):
    return [text.replace("#", str(one)) for one in range(number)]


def parts(seed, number=3000):
    """So many texts that are looked for in vain, and nearly found again and again."""
    return {"filters": {"raw": {"substring": many(f"xyxyxyxyxy{seed}#", number)}}}


PARTS = [record(X="xyxyxyxyxyz " * 4000, N=number) for number in range(3)]


PAIRS = [{"é": number} for number in range(60_000)]


WARM = [record(X=letters(60_000, seed)) for seed in range(3)]
"""After these, RE2 has no memory left to remember states in, and works at its slowest."""


ATTACKS = {
    "an expression over large records": ({"evil": matching(*map(large, range(4)))}, WARM),
    "over many small ones": ({"evil": matching(*map(large, range(4)))}, [*WARM[:2], *(record(X=letters(1200, i)) for i in range(300))]),
    "twenty in one policy": ({"evil": matching(*map(large, range(20)))}, WARM),
    "twenty policies": ({f"evil{n}": parts(n) for n in range(20)}, PARTS),
    "a list of parts": ({"evil": parts(0, 50_000)}, PARTS),
    "a list of words": ({"evil": {"filters": {"raw": {"contains": many("x #", 90_000)}}}}, [record(X="x y " * 500)] * 60),
    "words that are clues": (
        {"evil": {"filters": {"any_of": [{"user_agent": {"contains": f"xyxy{n}"}} for n in range(9000)]}}},
        [record(UserAgent="xyxyxyxy" * 20_000, Operation="UserLoggedIn")] * 2,
    ),
    "paths": ({"evil": {"filters": {"any_of": [{f"raw.X.k{n}": {"eq": "z"}} for n in range(9000)]}}}, [record(X=PAIRS)]),
    "elements": (
        {"evil": {"filters": {"raw.X": {"element": {"any_of": [{f"k{n}": {"eq": "z"}} for n in range(900)]}}}}},
        [record(X=[{"a": 1}] * 90_000)],
    ),
    "JSON in elements": (
        {"evil": {"filters": {"raw.X": {"element": {"any_of": [{f"k{n}": {"eq": "z"}} for n in range(900)]}}}}},
        [record(X=["[" + "1," * 400_000 + "1]"])],
    ),
    "every value": ({"evil": {"filters": {"any_of": [{"raw.**": {"substring": f"k{n}"}} for n in range(9000)]}}}, [record(X=PAIRS)]),
    "objects": (
        {"evil": {"filters": {"any_of": [{"object_name": {"matches": large(n)}} for n in range(19)]}}},
        [record(Workload="SharePoint", Operation="FileDownloaded", ObjectId=f"https://a/b/{letters(60_000, n)}") for n in range(3)],
    ),
}


@pytest.fixture
def impatient(monkeypatch):
    """The limit on a chunk is 0.1 s; what a policy may take alone is as it is."""
    monkeypatch.setattr(module, "CHUNK_SECONDS", 0.1)


@pytest.mark.parametrize(("rules", "records"), ATTACKS.values(), ids=ATTACKS)
def test_who_costs_too_much_is_asked_no_more(make_core, impatient, rules, records):
    core = make_core(rules=rules | HONEST)
    asked = core.scanner._asking._matcher
    for _ in range(4):  # of twenty, some are found with each chunk
        core.feed(chunk([*records, record()]))

    assert [policy.id for policy in asked.policies] == ["failed"]
    assert set_aside.of(core.store.connection, core.meanings()).keys() == rules.keys()
    assert {alert.policy_id for alert in core.alerts()} >= {"failed", "casbd.policy_set_aside"}
    assert "casbd.activities_not_asked_about" not in {alert.policy_id for alert in core.alerts()}
    begun = thread_cpu()
    core.scanner.scan(chunk(records))
    assert thread_cpu() - begun < 2


def test_an_honest_policy_goes_on_beside_it(make_core, impatient):
    core = make_core(rules={"evil": matching(*map(large, range(20)))} | HONEST)
    records = [record(X=letters(60_000, seed)) for seed in range(5)]

    batch = core.scanner.scan(chunk(records))

    assert [ids for _, _, ids, _ in batch.matches] == [("failed",)] * 5
    assert [cost.policy_id for cost in batch.costly] == ["evil"]
    assert batch.unasked == 0


class TestIsTold:
    """By an alert, in the audit trail, once; in the transaction that stores the records."""

    @pytest.fixture
    def core(self, make_core, impatient):
        return make_core(rules={"evil": matching(*map(large, range(20)))})

    def test_what_it_took_and_what_to_do(self, core):
        core.feed(chunk(WARM, path="/in/z.json"))

        (alert,) = core.alerts()
        assert (alert.policy_type, alert.severity, alert.title) == ("system", "high", "evil costs too much and is set aside")
        assert "for 1 activity of 60,2" in alert.description
        assert "/in/z.json, byte " in alert.description
        assert "casbd policies backtest evil --from 2026-01-01T12:00:00.000Z" in alert.description
        assert [row.kind for row in core.waiting()] == ["alert"]
        (entry,) = audit.listed(core.store.connection)
        assert (entry.action, entry.target, entry.who) == ("policies set aside", "evil", "casbd")

    def test_once(self, core):
        for _ in range(3):
            core.feed(chunk(WARM))
        assert len(core.alerts()) == 1

    def test_also_where_the_first_commit_failed(self, core):
        batch = core.scanner.scan(chunk(WARM))
        assert batch.costly
        core.pipeline.reload_state()  # and nothing of it was stored

        core.feed(chunk(WARM))

        assert len(core.alerts()) == 1

    def test_not_of_a_policy_that_is_gone(self, core):
        batch = core.scanner.scan(chunk(WARM))
        core.pipeline.use(core.settings, [])
        core.pipeline.commit([batch])
        assert core.alerts() == []


class TestPatience:
    """More hostile policies than can be found in the time for one chunk."""

    @pytest.fixture
    def core(self, make_core, impatient, monkeypatch):
        monkeypatch.setattr(module, "CHUNK_SECONDS", 0.02)
        monkeypatch.setattr(module, "PATIENCE", 0.05)
        monkeypatch.setattr(module, "PASS_SECONDS", 0.05)
        monkeypatch.setattr(module, "CHARACTER_SECONDS", 0.0)
        return make_core(rules={f"evil{n}": parts(n) for n in range(20)} | HONEST)

    def test_about_the_rest_of_a_chunk_nobody_is_asked_and_that_is_told(self, core):
        for number in (1, 2):
            core.feed(chunk([record(X="xyxyxyxyxyz " * 4000) for _ in range(3)]))

            (told,) = [alert for alert in core.alerts() if alert.policy_id == "casbd.activities_not_asked_about"]
            assert told.activity_count == 3 * number
            assert len(core.activities()) == 3 * number

    def test_the_next_chunk_is_asked_about(self, core, monkeypatch):
        core.feed(chunk(PARTS))
        assert "failed" not in {alert.policy_id for alert in core.alerts()}

        monkeypatch.undo()  # with the usual limits: of the next chunk a slow machine may find one policy after the other as well
        assert core.feed_records(record()) == 1
        assert "failed" in {alert.policy_id for alert in core.alerts()}

    def test_and_all_are_found_in_the_end(self, core):
        asked = core.scanner._asking._matcher
        left = []
        while len(asked.policies) > 1 and len(left) < 50:
            core.feed(chunk([record(X="xyxyxyxyxyz " * 4000)]))
            left.append(len(asked.policies))
        assert len(set(left)) > 2
        assert [policy.id for policy in asked.policies] == ["failed"]
