"""What a vendor's answer means: done, another try, or a no in one line. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from casbd.errors import DeliveryError, Rejected, Retry
from casbd.wire.plain_text import cut, single_line

if TYPE_CHECKING:
    from casbd.wire.http_request import Answer  # it imports httpx

_PASSING = frozenset((408, 425, 429))
"""Status codes below 500 that ask for another try: timeout, too early, too many requests."""

RECHECK = 60.0
"""Seconds until what somebody has to change is tried again."""
LONGEST_WAIT = 3600.0
"""Seconds: a vendor that asks for more is asked again after these."""

_RESETS = ("x-rate-limit-reset", "x-ratelimit-reset")
"""When there is room again, in seconds since 1970: Okta's, GitHub's."""

_CODES = ("errorCode", "code", "status", "error", "reason")
_MESSAGES = ("message", "errorSummary", "error_description", "detail", "description", "error_summary")
_OUT_OF_ROOM = frozenset(("quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"))
_MOST_OF_CODE, _MOST_OF_MESSAGE = 100, 300


def failure(host: str, answer: Answer, now: int, secrets: Iterable[str] = ()) -> DeliveryError:
    """What to raise for an answer that is no 2xx. now: milliseconds since 1970. secrets: what it was asked with."""
    text, code = told(host, answer, secrets)
    if is_passing(answer.status) or _is_out_of_room(answer, code):
        return Retry(text, after=wait(answer.headers, now))
    return Rejected(text)


def is_passing(status: int) -> bool:
    """Whether a status asks for another try, and nobody has to change anything."""
    return status in _PASSING or status >= 500


def told(host: str, answer: Answer, secrets: Iterable[str] = ()) -> tuple[str, str]:
    """What an answer says in one line, and the vendor's code in it. secrets: what it was asked with."""
    code, message = complaint(answer.body, secrets)
    return ": ".join(filter(None, (f"{host} answered {answer.status}", code, message))), code


def _is_out_of_room(answer: Answer, code: str) -> bool:
    """Some say so with 403: GitHub ("Rate limits for the REST API"), Google by its reason ("Admin SDK: Limits and quotas")."""
    if answer.status != 403:
        return False
    return code in _OUT_OF_ROOM or "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def wait(headers: Mapping[str, str], now: int) -> float | None:
    """Seconds to wait; None where the vendor does not say.

    They are of `Retry-After` (RFC 9110, 10.2.3), a number or a date; else until the limit is lifted. now: milliseconds since 1970.
    """
    for seconds in (_after(headers.get("retry-after"), now), *(_until(headers.get(name), headers, now) for name in _RESETS)):
        if seconds is not None:
            return min(max(seconds, 0.0), LONGEST_WAIT)
    return None


def _after(text: str | None, now: int) -> float | None:
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    moment = _date(text)
    return None if moment is None else moment - now / 1000


def _until(text: str | None, headers: Mapping[str, str], now: int) -> float | None:
    """By the vendor's own clock, where it tells the time: ours may be another."""
    if not text or not (text.isascii() and text.isdigit()):
        return None
    theirs = _date(headers.get("date", ""))
    return float(text) - (now / 1000 if theirs is None else theirs)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def complaint(body: bytes, secrets: Iterable[str] = ()) -> tuple[str, str]:
    """The vendor's code and message out of a body, each a short line; empty where it is not JSON or does not say.

    Nothing else of a body is told: nobody knows what may be in it. secrets: blackened, as some vendors repeat what they were sent.
    """
    try:
        code, message = _said(json.loads(body))
    except (ValueError, RecursionError):
        return ("", "")
    for secret in filter(None, secrets):
        code, message = code.replace(secret, "***"), message.replace(secret, "***")
    return cut(single_line(code), _MOST_OF_CODE), cut(single_line(message), _MOST_OF_MESSAGE)


def _said(found: Any) -> tuple[str, str]:
    """Vendors put them at the top, into `error`, `Errors` or the first of a list: what is further in says more."""
    if isinstance(found, list):
        return _said(found[0]) if found else ("", "")
    if not isinstance(found, dict):
        return ("", "")
    code, message = _first(found, _CODES), _first(found, _MESSAGES)
    for key in ("error", "errors", "Errors"):
        inner_code, inner_message = _said(found.get(key))
        code, message = inner_code or code, message or inner_message
    return code, message


def _first(found: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(found[key]) for key in keys if isinstance(found.get(key), str | int) and found[key] is not False), "")
