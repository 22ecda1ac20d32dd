"""A reload inside a running service: nothing of what it replaces is kept."""

import gc
import weakref

import pytest

from casbd.clock import monotonic
from casbd.daemon import reloading
from casbd.daemon.service import Service

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}, user: {matches: 'a+b'}}\n"
SIGMA = "title: T\nlogsource: {product: aws}\ndetection: {s: {eventName: x}, condition: s}\nlevel: high\n"


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setattr(reloading, "LEAST_REST", 0.0)
    monkeypatch.setattr(reloading, "SHARE", 1)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    (tmp_path / "rules" / "sigma.yaml").write_text(SIGMA)
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\ninputs: [{name: a, path: in/*}]\n")
    service = Service(tmp_path / "casbd.yaml", once=True)
    with service._exit:
        for step in service.STEPS:
            step(service)
        yield service


def reload(service):
    """One, from asking to taking it up."""
    service._reloading.ask()
    until = monotonic() + 30
    while service._reloading.is_under_way:
        service.reload()
        assert monotonic() < until


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_is_kept_of_what_was_replaced(service, tmp_path, broken):
    gc.disable()  # so that nothing goes by chance
    try:
        old = []
        for number in range(3):
            if broken:
                (tmp_path / "rules" / "own.yaml").write_text(f"name: {number}\n")
            else:
                old.append(weakref.ref(service.engine))
                old.append(weakref.ref(service.engine.matcher))
            reload(service)
            assert service._reloaded["ok"] is not broken
        assert [ref() for ref in old] == [None] * len(old)
        assert gc.collect() < 500
    finally:
        gc.enable()


def test_a_commit_that_takes_long_feeds_the_watchdog(service):
    assert service.pipeline._alive == service.notifier.alive


def test_a_refused_one_changes_nothing(service, tmp_path):
    engine = service.engine
    (tmp_path / "rules" / "own.yaml").write_text("name: 1\n")
    reload(service)
    assert service.engine is engine
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    reload(service)
    assert service._reloaded["ok"]


def test_a_change_asks_for_one_and_no_more(service, tmp_path):
    service.reload_if_changed()
    reload(service)
    assert not service._reloading.is_under_way
    (tmp_path / "rules" / "own.yaml").write_text(RULE.replace("failed", "other"))
    service.reload_if_changed()
    assert service._reloading.is_under_way


def test_one_that_a_bug_breaks_is_told_and_the_last_configuration_stays(service, monkeypatch):
    engine = service.engine
    with monkeypatch.context() as broken:
        broken.setattr("casbd.daemon.service.Engine", lambda _: 10**400 / 2)
        reload(service)
    assert service.engine is engine
    assert "internal error: OverflowError" in service._reloaded["mistakes"][0]
    reload(service)
    assert service._reloaded["ok"]
