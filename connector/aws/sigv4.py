"""Signature Version 4 for one kind of request: POST to one place, with headers that hardly change.

botocore's signer takes any request apart and signs what it finds. Here everything but time, token and
body is put together once, and the signing key is kept for the day that it is valid; the result is the
same to the byte. Sources: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from botocore.utils import normalize_url_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import ReadOnlyCredentials

_GAP = "\0"
"""Stands for a value of each request; no header may contain it (RFC 9110, 5.5)."""


class Signer:
    """Signs requests to one URL, as one service in one region.

    Attributes:
        host: What the Host header of every request has to be.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, service: str, region: str) -> None:
        """Args: ``headers`` are those of every request, apart from Host; all of them are signed."""
        self._region, self._service = region, service
        self.host = _host(url)
        constant = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        constant["host"] = self.host
        path = quote(normalize_url_path(urlsplit(url).path), safe="/~")
        self._without_token = _Canonical(path, {**constant, "x-amz-date": _GAP})
        both = {**constant, "x-amz-date": _GAP, "x-amz-security-token": _GAP}
        self._with_token = _Canonical(path, both)
        self._key: tuple[str, str, bytes] = ("", "", b"")

    def sign(self, keys: ReadOnlyCredentials, body_sha256: str, now: float) -> dict[str, str]:
        """The headers that make a request valid for some minutes around ``now``."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        headers = {"X-Amz-Date": moment}
        if keys.token:
            headers["X-Amz-Security-Token"] = keys.token
        canonical = self._with_token if keys.token else self._without_token
        request = canonical.request(moment, keys.token, body_sha256)
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(keys.secret_key, moment[:8]), text.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope},"
            f" SignedHeaders={canonical.names}, Signature={signature}"
        )
        return headers

    def _key_of(self, secret: str, day: str) -> bytes:
        of_secret, of_day, key = self._key
        if secret != of_secret or day != of_day:
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (secret, day, key)
        return key


class _Canonical:
    """A canonical request with gaps where time and token go."""

    def __init__(self, path: str, headers: Mapping[str, str]) -> None:
        self.names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        before, *between, after = f"POST\n{path}\n\n{lines}\n{self.names}\n".split(_GAP)
        self._before, self._between, self._after = before, "".join(between), after

    def request(self, moment: str, token: str | None, body_sha256: str) -> str:
        return f"{self._before}{moment}{self._between}{token or ''}{self._after}{body_sha256}"


def _host(url: str) -> str:
    """Without the port that the scheme implies (RFC 9110, 7.2 and 4.2.3)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, 443 if parts.scheme == "https" else 80}
    return host if is_default else f"{host}:{parts.port}"
