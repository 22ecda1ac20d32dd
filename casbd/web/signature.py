"""Signed requests: their receiver can tell who sends, and that what it gets is neither changed nor old."""

from __future__ import annotations

import hashlib
import hmac

from casbd.documents.secrets import Key


def signature(key: Key, body: bytes, now: int) -> dict[str, str]:
    """Headers: `X-Casbd-Timestamp` has the seconds since 1970, `X-Casbd-Signature` `sha256=` and the hex HMAC-SHA256 (RFC 2104) of that
    text, a dot and the body. now: milliseconds since 1970. Mistakes where there is no key.
    """
    timestamp = str(now // 1000)
    made = hmac.new(key.key(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Casbd-Timestamp": timestamp, "X-Casbd-Signature": f"sha256={made}"}
