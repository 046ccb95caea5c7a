"""TLS 1.3 with client certificates on the operators' connections (design.md section 3)."""

import ssl
import stat
from pathlib import Path

from bank_server.errors import UnusableKeyFile


def server_context(certificate: Path, key: Path, operators_ca: Path) -> ssl.SSLContext:
    """Return the context of a server that lets in only clients with a certificate of `operators_ca`; files are PEM.

    Raises UnusableKeyFile if one cannot be used, or others can use the private key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UnusableKeyFile(key, f"can be used by others; run: chmod 600 {key}")
    except OSError as error:
        raise UnusableKeyFile(key, f"cannot be read: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UnusableKeyFile(certificate, f"is no certificate of the key {key}, in PEM") from error
    try:
        context.load_verify_locations(operators_ca)
    except (OSError, ssl.SSLError) as error:
        raise UnusableKeyFile(operators_ca, "is no certificate in PEM") from error
    return context
