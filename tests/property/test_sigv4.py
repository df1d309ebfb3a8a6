"""Signatures: the same as botocore's own, whatever is signed."""

from __future__ import annotations

import datetime as dt
import hashlib
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from connector.aws.sigv4 import Signer

_words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
_names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20).map(lambda name: f"X-{name}-X")
_hosts = st.sampled_from(
    [
        "https://sqs.eu-north-1.amazonaws.com",
        "https://Events.us-gov-west-1.amazonaws.com:443/",
        "http://localhost:4566",
        "http://127.0.0.1:80/",
        "http://[::1]:8080/a//b/../c%20d/~e",
        "https://vpce-1.kinesis.cn-north-1.vpce.amazonaws.com.cn:8443/path",
    ]
)
_moments = st.integers(0, 253402300799).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))
_keys = st.builds(ReadOnlyCredentials, _words, _words, st.none() | st.just("") | _words, st.none())
_headers = st.dictionaries(_names, _values, max_size=4)


@given(_hosts, _headers, _words, _words, st.lists(st.tuples(_keys, st.binary(), _moments), min_size=1))
def test_every_request_is_signed_as_botocore_would(
    url: str,
    headers: dict[str, str],
    service: str,
    region: str,
    requests: list[tuple[ReadOnlyCredentials, bytes, dt.datetime]],
) -> None:
    signer = Signer(url, headers, service=service, region=region)
    for keys, body, moment in requests:
        ours = signer.sign(keys, hashlib.sha256(body).hexdigest(), moment.timestamp())
        assert ours == _botocores(url, headers, service, region, keys, body, moment)


def _botocores(
    url: str,
    headers: dict[str, str],
    service: str,
    region: str,
    keys: ReadOnlyCredentials,
    body: bytes,
    moment: dt.datetime,
) -> dict[str, str]:
    request = AWSRequest("POST", url, headers, body)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(keys, service, region).add_auth(request)
    return {name: value for name, value in request.headers.items() if name not in headers}
