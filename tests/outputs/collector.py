"""An OpenTelemetry Collector's receiver on loopback: requests are read by the protocol's own definition (opentelemetry-proto).

Source: OpenTelemetry, "OTLP Specification 1.7" (OTLP/HTTP, Partial Success).
"""

import gzip

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.outputs.answering import Answering

TOKEN = "s3cret-of-the-collector"


class Collector(Answering):
    """requests: what was taken. faults: instead of the next answers: (status, body, headers), or "takes and drops".

    refuses: which records are not taken, while the others of their request are. most: bytes of a request, decompressed.
    """

    def __init__(
        self, *, refuses=lambda record: False, most=100_000_000, warning="", header="Authorization", token=f"Bearer {TOKEN}", port=0
    ):
        self.refuses, self.most, self.warning, self.header, self.token = refuses, most, warning, header, token
        self.records: list = []
        self.resources: list = []
        self.faults: list = []
        super().__init__(port)

    def uids(self) -> list[str]:
        return [attributes(record)["log.record.uid"] for record in self.records]

    def ids(self) -> list[str]:
        return [attributes(record)["casbd.id"] for record in self.records]

    def answer(self, method: str, path: str, headers, body: bytes):
        if headers.get(self.header) != self.token:
            return 401, {"code": 16, "message": f"no: {headers.get(self.header)}"}, {}
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, tuple):
            return fault
        assert (method, path, headers["Content-Type"]) == ("POST", "/v1/logs", "application/json")
        body = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        if len(body) > self.most:
            return 413, b"", {}
        refused = 0
        for resource in Parse(body, ExportLogsServiceRequest()).resource_logs:
            self.resources.append({one.key: one.value.string_value for one in resource.resource.attributes})
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    bad = self.refuses(record)
                    refused += bad
                    if not bad:
                        self.records.append(record)
        if fault == "takes and drops":
            return None
        if refused:
            return 200, {"partialSuccess": {"rejectedLogRecords": f"{refused}", "errorMessage": "too old"}}, {}
        return 200, {"partialSuccess": {"errorMessage": self.warning}} if self.warning else {}, {}


def attributes(record) -> dict:
    return {one.key: one.value.int_value or one.value.string_value for one in record.attributes}
