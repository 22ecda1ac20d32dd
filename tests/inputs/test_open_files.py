"""However many files there are, few are open."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from tests.inputs.samples import line


def test_few_files_may_be_open(reader, tmp_path):
    """As with `ulimit -n 64`."""
    for number in range(100):
        (tmp_path / f"{number}.log").write_bytes(line(number))
    used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, hard))
    try:
        one = reader("*.log")
        assert sorted(one.numbers()) == [*range(100)]
        assert one.inputs.unread() == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("count", [3000])
def test_many_small_files(reader, tmp_path, count):
    directory = tmp_path / "drop"
    directory.mkdir()
    for n in range(count):
        (directory / f"{n}.json").write_bytes(line(n))
    one = reader("drop/*.json")
    # Scans are asked for only now and then, as by a daemon: ten seconds do not go by between two of these chunks.
    one.scan()
    numbers = []
    while chunk := one.inputs.next_chunk():
        one.commit(chunk)
        numbers += [json.loads(record)["n"] for record in chunk.records]
    assert sorted(numbers) == [*range(count)]
    assert len([*Path("/proc/self/fd").iterdir()]) < 400
    one.stop()
    one.start()
    assert one.numbers() == []
