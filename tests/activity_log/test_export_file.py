"""The file of an export is whole or not there, and nothing that was there before is lost."""

import random
import resource
import stat

import pytest
from builders import NOON

from casbd.activity_log import ActivityLog
from casbd.activity_log.export import export_activities
from casbd.model.activity import Activity
from tests.activity_log.conftest import EVERYTHING, exported, put, rows


class TestTheFile:
    @pytest.fixture
    def filled(self, store):
        noise = random.Random(7)
        put(store, ([Activity(NOON + n, f"{n}", raw=noise.randbytes(200).hex()) for n in range(2_000)], True))
        return store

    @pytest.mark.parametrize("before", [None, b"precious"])
    @pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.parquet", "a.csv.gz", "a.ndjson.zst"])
    def test_an_interrupt_leaves_nothing_behind(self, filled, tmp_path, name, before):
        if before:
            (tmp_path / name).write_bytes(before)

        def interrupt(rows):
            assert (tmp_path / f"{name}.part").exists()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            export_activities(ActivityLog(filled), EVERYTHING, tmp_path / name, progress=interrupt, force=True)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == ({name: before} if before else {})

    @pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.parquet", "a.csv.gz", "a.ndjson.zst"])
    def test_a_full_disk_leaves_nothing_behind(self, filled, tmp_path, name):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large") as raised:
                export_activities(ActivityLog(filled), EVERYTHING, tmp_path / name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert raised.value.filename is None
        assert [*tmp_path.iterdir()] == []

    def test_one_that_is_there_stays(self, filled, tmp_path):
        path = tmp_path / "a.csv"
        path.write_bytes(b"precious")
        with pytest.raises(FileExistsError) as raised:
            exported(filled, path)
        assert raised.value.filename == str(path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.csv": b"precious"}
        assert len(rows(exported(filled, path, force=True))) == 2_001

    @pytest.mark.parametrize("force", [False, True])
    def test_one_that_another_export_writes_stays(self, filled, tmp_path, force):
        part = tmp_path / "a.csv.part"
        part.write_bytes(b"half")
        with pytest.raises(FileExistsError, match="another export") as raised:
            exported(filled, tmp_path / "a.csv", force=force)
        assert raised.value.filename == str(part)
        assert part.read_bytes() == b"half"

    def test_what_a_link_in_the_way_points_to_stays(self, filled, tmp_path):
        (tmp_path / "precious").write_bytes(b"precious")
        (tmp_path / "a.csv.part").symlink_to(tmp_path / "precious")
        with pytest.raises(FileExistsError):
            exported(filled, tmp_path / "a.csv")
        assert (tmp_path / "precious").read_bytes() == b"precious"

    def test_it_is_not_for_everybody(self, filled, tmp_path):
        assert stat.S_IMODE(exported(filled, tmp_path / "a.csv").stat().st_mode) & 0o027 == 0

    def test_a_place_that_is_not_there(self, filled, tmp_path):
        with pytest.raises(FileNotFoundError) as raised:
            exported(filled, tmp_path / "no" / "a.csv")
        assert raised.value.filename == str(tmp_path / "no" / "a.csv.part")
