"""TLS towards a receiver: whom we trust, who we are."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from casbd.documents.regular_files import certificates

_PATIENCE = 5.0
"""Seconds for a look at a certificate."""


def client_context(*, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, verify: bool) -> ssl.SSLContext:
    """A client's context, TLS 1.2 or newer, which checks chain and host name unless `verify` is false.

    ca_file: whom to trust; None is the system's list. OSError (ssl.SSLError is one) where a file cannot be used.
    """
    context = ssl.create_default_context(cafile=certificates(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert_file:
        certificates(cert_file)
        # without a password function OpenSSL would ask for one on the terminal
        context.load_cert_chain(cert_file, certificates(key_file), password=lambda: "")
    return context


def why_not_trusted(context: ssl.SSLContext, host: str, port: int) -> str:
    """What is wrong with a peer's certificate; empty where nothing is, or nobody can be asked."""
    try:
        with socket.create_connection((host, port), _PATIENCE) as connection, context.wrap_socket(connection, server_hostname=host):
            return ""
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of {host}:{port} is not accepted: {error.verify_message}"
    except OSError:
        return ""
