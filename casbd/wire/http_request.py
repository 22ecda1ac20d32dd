"""HTTP requests, each with a limit on the whole of it.

httpx limits each reading and writing, so who sends a byte now and then keeps it waiting for ever. It is asynchronous here as nothing
else ends a request from the outside, whatever it is at.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

import httpx

CONNECT_SECONDS = 10.0
"""A connection that takes longer is given up. While a host is silent the kernel knocks at ever longer intervals, after these every eight
seconds and more: only a new try is soon there when the host is back."""


class Answer(NamedTuple):
    """What came back. headers: by their names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Sends requests, over a connection that is kept for some seconds. Not for several threads at once.

    seconds: for each request, from looking up the name to the last byte that is read; for the connection `CONNECT_SECONDS` at most. proxy:
    whether one that the environment names may be asked.
    """

    def __init__(self, context: ssl.SSLContext, seconds: float, *, proxy: bool) -> None:
        self._seconds = seconds
        self._runner = asyncio.Runner()
        self._connect_seconds = min(seconds, CONNECT_SECONDS)
        timeout = httpx.Timeout(seconds, connect=self._connect_seconds)
        self._client = httpx.AsyncClient(verify=context, timeout=timeout, trust_env=proxy)

    def exchange(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, most: int) -> Answer:
        """Send a request and read its answer; a redirect is not followed.

        most: bytes of the answer's body; 0 where it does not matter and is not read.
        OSError, with the reason, where there is no answer, or a longer one; then the client is of no use any more.
        """
        try:
            request = self._client.build_request(method, url, content=body, headers={"Accept-Encoding": "identity", **headers})
            return self._runner.run(self._exchange(request, most))
        except TimeoutError:
            raise TimeoutError(f"timed out: no answer within {self._seconds:g} s") from None
        except httpx.ConnectTimeout:
            raise TimeoutError(f"timed out: no connection within {self._connect_seconds:g} s") from None
        except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
            raise OSError(_reason(error)) from None

    async def _exchange(self, request: httpx.Request, most: int) -> Answer:
        async with asyncio.timeout(self._seconds):
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                return Answer(response.status_code, response.headers, await _body(response, most) if most else b"")
            finally:
                await response.aclose()

    def close(self) -> None:
        """Let go of the connection."""
        try:
            self._runner.run(self._client.aclose())
        finally:
            self._runner.close()


async def _body(response: httpx.Response, most: int) -> bytes:
    """As it was sent, not decompressed: a kilobyte could become a gigabyte, and nobody was asked to compress it."""
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > most:
            raise OSError(f"answered with more than {most} bytes")
    return body


def _reason(error: BaseException) -> str:
    """What the first of the exceptions behind each other says: `All connection attempts failed` says less than why."""
    is_broken = isinstance(error, httpx.NetworkError)
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    if isinstance(error, socket.gaierror) and error.strerror:
        return error.strerror
    return str(error) or ("the connection broke" if is_broken else type(error).__name__)
