"""A store of its own for each test, inside a transaction that is left open where a test needs one."""

import pytest

from casbd.store.database import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state") as store:
        store.connection.execute("PRAGMA synchronous = OFF")  # no test pulls the plug
        yield store


@pytest.fixture
def connection(store):
    with store.transaction() as connection:
        yield connection
