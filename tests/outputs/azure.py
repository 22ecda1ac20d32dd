"""Azure's token endpoint, metadata service and Logs Ingestion API on one loopback port, as Microsoft's documentation says.

Source: Microsoft, "Logs Ingestion API in Azure Monitor", "OAuth 2.0 client credentials flow", "How to use managed identities".
"""

import gzip
import json
from urllib.parse import parse_qs, urlsplit

from casbd.wire.sentinel_rows import COLUMNS
from tests.outputs.answering import Answering

RULE = "dcr-0123456789abcdef0123456789abcdef"
SECRET = "s3cret-of-the-app"
MOST = 1 << 20


class Azure(Answering):
    """rows: by stream. faults: instead of the next answers to rows: (status, body, headers), or None. refuses: which rows are bad ones."""

    def __init__(self, refuses=lambda row: False, port=0):
        self.refuses = refuses
        self.rows: dict[str, list[dict]] = {f"Custom-{name}": [] for name in COLUMNS}
        self.faults: list = []
        self.bodies: list[bytes] = []
        self.issued = 0
        self.tokens: set[str] = set()
        self.takes_none = False
        self.scopes: list[str] = []
        super().__init__(port)

    def ids(self) -> list[str]:
        return [row["AlertId"] for row in self.rows["Custom-CasbdAlert"]]

    def answer(self, method: str, path: str, headers, body: bytes):
        url = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/metadata/identity/oauth2/token":
            if headers.get("Metadata") != "true":
                return 400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}, {}
            return self._token(query["resource"], as_text=True)
        if url.path == "/contoso/oauth2/v2.0/token":
            form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
            if form.get("client_secret") != SECRET:
                return 401, {"error": "invalid_client", "error_description": f"Invalid secret {form['client_secret']}"}, {}
            return self._token(form["scope"], as_text=False)
        return self._taken(url.path, query, headers, body)

    def _token(self, scope: str, *, as_text: bool):
        self.issued += 1
        self.scopes.append(scope)
        self.tokens.add(f"token-{self.issued}")
        return 200, {"access_token": f"token-{self.issued}", "expires_in": "86399" if as_text else 3599, "token_type": "Bearer"}, {}

    def _taken(self, path: str, query: dict, headers, body: bytes):
        if self.takes_none or headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"error": {"code": "AuthenticationFailed", "message": f"no: {headers.get('Authorization')}"}}, {}
        if fault := self.faults.pop(0) if self.faults else None:
            return fault
        _, kind, rule, _, stream = path.split("/")
        if kind != "dataCollectionRules" or rule != RULE:
            return 404, {"error": {"code": "NotFound", "message": "Data collection rule not found"}}, {}
        if query.get("api-version") != "2023-01-01" or stream not in self.rows:
            return 400, {"error": {"code": "InvalidStream", "message": f"Stream {stream} was not configured"}}, {}
        assert headers["Content-Encoding"] == "gzip"
        plain = gzip.decompress(body)
        if len(plain) > MOST:
            return 413, {"error": {"code": "ContentLengthLimitExceeded", "message": "Maximum allowed content length: 1048576 bytes"}}, {}
        rows = json.loads(plain)
        assert isinstance(rows, list)
        if any(self.refuses(row) for row in rows):
            return 400, {"error": {"code": "InvalidRequest", "message": "Could not read the data"}}, {}
        self.bodies.append(plain)
        self.rows[stream] += rows
        return 204, b"", {}
