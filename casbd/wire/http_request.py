"""One HTTP request with a limit on the whole of it.

httpx limits each reading and writing, so who sends a byte now and then keeps it waiting for ever. It is asynchronous here as nothing
else ends a request from the outside, whatever it is at.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping

import httpx


def post(
    url: str, body: bytes, headers: Mapping[str, str], context: ssl.SSLContext, seconds: float, *, proxy: bool
) -> tuple[int, str | None]:
    """Status and `Retry-After` of the answer, whose body does not matter; a redirect is not followed.

    seconds: from looking up the name to the head of the answer. proxy: whether one that the environment names may be asked.
    OSError, with the reason, where there is no answer.
    """
    try:
        return asyncio.run(_post(url, body, headers, context, seconds, proxy))
    except TimeoutError:
        raise TimeoutError(f"timed out: no answer within {seconds:g} s") from None
    except (httpx.TransportError, OSError) as error:
        raise OSError(_reason(error)) from None


async def _post(
    url: str, body: bytes, headers: Mapping[str, str], context: ssl.SSLContext, seconds: float, proxy: bool
) -> tuple[int, str | None]:
    async with (
        asyncio.timeout(seconds),
        httpx.AsyncClient(verify=context, timeout=seconds, follow_redirects=False, trust_env=proxy) as client,
        client.stream("POST", url, content=body, headers=dict(headers)) as response,
    ):
        return response.status_code, response.headers.get("Retry-After")


def _reason(error: BaseException) -> str:
    """What the first of the exceptions behind each other says: `All connection attempts failed` says less than why."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return str(error) or type(error).__name__
