"""HTTP receivers as processes that can be killed: `python collectors.py KIND PORT FILE`.

What they have written down is in the file, an alert's id a line. KIND is `splunk`, `azure`, `elastic` or `otlp`, which write before they
answer, or `splunk_acks`, which writes once a second and acknowledges then: what a kill comes before is lost.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from running import OneAtATime  # noqa: E402

from tests.outputs.azure import RULE, SECRET, Azure  # noqa: E402
from tests.outputs.collector import TOKEN as COLLECTOR_TOKEN  # noqa: E402
from tests.outputs.collector import Collector  # noqa: E402
from tests.outputs.elasticsearch import KEY, Elasticsearch  # noqa: E402
from tests.outputs.hec import TOKEN, Splunk  # noqa: E402

ENVIRONMENT = {
    "CASBD_TEST_TOKEN": TOKEN,
    "CASBD_TEST_SECRET": SECRET,
    "CASBD_TEST_KEY": KEY,
    "CASBD_TEST_COLLECTOR": COLLECTOR_TOKEN,
}


class WritingSplunk(Splunk):
    def __init__(self, file: Path, **options) -> None:
        self.file = file
        super().__init__(**options)

    def index(self, number: int | None = None) -> None:
        with self.lock:
            before = len(self.indexed)
            super().index(number)
            _append(self.file, (one["event"]["alert_id"] for one in self.indexed[before:]))


class WritingAzure(Azure):
    def __init__(self, file: Path, port: int) -> None:
        self.file = file
        super().__init__(port=port)

    def _taken(self, *request):
        rows = self.rows["Custom-CasbdAlert"]
        before = len(rows)
        answer = super()._taken(*request)
        _append(self.file, (row["AlertId"] for row in rows[before:]))
        return answer


class _Writes:
    """What the server beside it has taken it writes down before it answers."""

    def __init__(self, file: Path, port: int) -> None:
        self.file = file
        super().__init__(port=port)

    def answer(self, *request):
        before = len(self.ids())
        answer = super().answer(*request)
        _append(self.file, self.ids()[before:])
        return answer


class WritingElasticsearch(_Writes, Elasticsearch):
    pass


class WritingCollector(_Writes, Collector):
    pass


OTHERS = {"azure": WritingAzure, "elastic": WritingElasticsearch, "otlp": WritingCollector}


def _append(file: Path, ids: Iterable[str]) -> None:
    with file.open("ab", buffering=0) as out:
        out.write("".join(f"{one}\n" for one in ids).encode())


class Collecting(OneAtATime):
    """Collectors at one port, one after the other."""

    def __init__(self, folder: Path, port: int, kind: str) -> None:
        self.folder, self.port, self.kind = folder, port, kind
        folder.mkdir()

    def output(self) -> dict:
        """What sends to it, in casbd's configuration."""
        url = f"http://127.0.0.1:{self.port}"
        if self.kind == "azure":
            own = {"endpoint": url, "login_url": url, "rule_id": RULE, "tenant": "contoso", "client_id": "an-app"}
            return {"type": "sentinel", **own, "client_secret": {"env": "CASBD_TEST_SECRET"}}
        if self.kind == "elastic":
            return {"type": "elastic", "url": url, "api_key": {"env": "CASBD_TEST_KEY"}}
        if self.kind == "otlp":
            return {"type": "otlp", "url": url, "token": {"env": "CASBD_TEST_COLLECTOR"}}
        return {"type": "splunk_hec", "url": url, "token": {"env": "CASBD_TEST_TOKEN"}, "acknowledge": self.kind == "splunk_acks"}

    def start(self) -> None:
        number = len([*self.folder.iterdir()])
        self.run(__file__, self.kind, self.port, self.folder / f"{number}")

    def ids(self) -> list[str]:
        """Of the alerts that they have, in no order."""
        return [*itertools.chain.from_iterable(path.read_text().splitlines() for path in self.folder.iterdir())]


def main(kind: str, port: str, file: str) -> None:
    Path(file).touch()
    if kind in OTHERS:
        OTHERS[kind](Path(file), int(port))
    acknowledges = kind == "splunk_acks"
    server = None if kind in OTHERS else WritingSplunk(Path(file), port=int(port), acknowledges=acknowledges, at_once=not acknowledges)
    while True:
        time.sleep(1)
        if server is not None and acknowledges:
            server.index()


if __name__ == "__main__":
    main(*sys.argv[1:])
