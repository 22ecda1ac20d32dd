"""TLS towards a receiver: whom we trust, who we are."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(*, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, verify: bool) -> ssl.SSLContext:
    """A client's context, TLS 1.2 or newer, which checks chain and host name unless `verify` is false.

    ca_file: whom to trust; None is the system's list. OSError (ssl.SSLError is one) where a file cannot be used.
    """
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        # without a password function OpenSSL would ask for one on the terminal
        context.load_cert_chain(cert_file, key_file, password=lambda: "")
    return context
