"""Bars and columns fit the terminal, whatever it can show."""

import sys

import pytest

from casbd.cli._charts import bars, columns


class TestCharts:
    def test_bars_are_aligned_and_in_proportion(self, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "120")
        bars("Title", [("a", 80), ("日本", 40), ("none", 0), ("few", 1), ("x" * 99, 79)], share_of=200)
        head, *rows = capsys.readouterr().out.splitlines()[1:]
        assert head == "Title"
        assert rows[0].endswith("80   40 %  " + 40 * "█")
        assert rows[1].endswith("40   20 %  " + 20 * "█")
        assert rows[2].endswith(" 0    0 %")
        assert rows[3].endswith("▌")
        assert "xxx...  79" in rows[4]
        assert {row.index("%") for row in rows} - {rows[1].index("%")} == {rows[1].index("%") + 2}, "two letters are two columns wide each"

    def test_columns(self, capsys):
        columns("Hours", [("00", 10), ("01", 0), ("02", 5), ("03", 1)])
        assert capsys.readouterr().out.splitlines()[2:] == ["  ██", "  ██", "  ██    ▄▄", "  ██    ██", "  ██    ██ ▄▄", "  00 01 02 03"]

    def test_a_terminal_without_blocks(self, monkeypatch, capfd):
        import io

        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
        bars("T", [("a", 2), ("b", 1)])
        columns("T", [("00", 1)])
        sys.stdout.flush()
        text = written.getvalue().decode("ascii")
        assert 40 * "#" in text
        assert "  ##\n" in text

    def test_of_nothing(self, capsys):
        bars("T", [])
        columns("T", [("00", 0)])
        assert "00" in capsys.readouterr().out

    @pytest.mark.parametrize("width", [40, 70, 200])
    def test_bars_fit_the_terminal(self, capsys, monkeypatch, width):
        monkeypatch.setenv("COLUMNS", str(width))
        bars("T", [("name", 1000), ("b", 3)], share_of=1000)
        rows = capsys.readouterr().out.splitlines()[2:]
        assert max(map(len, rows)) == min(width, 2 + 4 + 2 + 4 + 7 + 2 + 40)
