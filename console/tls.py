"""TLS 1.3 with certificates on both sides, for whoever is configured to speak it."""

import ssl
import stat
from pathlib import Path

from console.life import CannotStart


def mutual_context(
    purpose: ssl.Purpose, certificate: Path | None, key: Path | None, authority: Path | None
) -> ssl.SSLContext | None:
    """Return a context that shows `certificate` and accepts only peers whose certificate `authority` has signed.

    `purpose` is CLIENT_AUTH for a server, SERVER_AUTH for a client, which then also checks the server's name. All
    files are PEM. None if none is given; raises CannotStart if some are missing, cannot be used, or the private key
    can be used by others.
    """
    if certificate is None and key is None and authority is None:
        return None
    if certificate is None or key is None or authority is None:
        raise CannotStart("TLS needs all three: certificate, its private key, and the authority of the other side")
    server = purpose is ssl.Purpose.CLIENT_AUTH
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CannotStart(f"{key}: can be used by others; run: chmod 600 {key}")
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"{certificate}: is no certificate of the key {key}, in PEM") from error
    try:
        context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"{authority}: is no certificate in PEM") from error
    return context
