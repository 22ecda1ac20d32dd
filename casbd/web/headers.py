"""Headers of requests."""

from __future__ import annotations


def fits_header(text: str) -> bool:
    """Whether a header can hold it: else the error of who writes the header would quote it, secret or not."""
    return text.isascii() and text.isprintable()
