"""Whether an endpoint can be reached from here: its name, a connection, its certificate.

Looks the way botocore connects: the same trusted authorities, and through a proxy where one is set.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from botocore import UNSIGNED
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from connector.aws.faults import translate
from connector.aws.session import new_session
from connector.check import failed, ok
from connector.error_codes import ErrorCode
from connector.errors import AccessError

if TYPE_CHECKING:
    from connector.aws.identity import Transport
    from connector.check import Finding

_CONNECT_SECONDS = 3.0
_TLS_SECONDS = 4.0
_ADDRESSES = 3
"""So many of a name's addresses are tried."""

_HTTPS, _HTTP = 443, 80
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})

# Verification errors of OpenSSL, include/openssl/x509_vfy.h.
_OTHER_HOST = frozenset({62, 64})
_NOT_TRUSTED = frozenset({2, 18, 19, 20, 21})
_NOT_YET, _NO_MORE = 9, 10


class Target(NamedTuple):
    """Where a connection goes."""

    host: str
    port: int
    is_tls: bool

    @classmethod
    def of(cls, url: str) -> Target:
        """Of an endpoint; leaves user and password out, which a URL may hold."""
        parts = urlsplit(url if "://" in url else f"https://{url}")
        is_tls = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (_HTTPS if is_tls else _HTTP), is_tls)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}"


async def endpoint_of(service: str, region: str, url: str | None) -> str:
    """The URL that a client of the service would use; ``url`` if that is given.

    Raises:
        AccessError: There is none, or the environment's AWS settings are at fault.
    """
    try:
        # Unsigned: else making a client would look for credentials.
        async with new_session().create_client(
            service, region_name=region, endpoint_url=url, config=AioConfig(signature_version=UNSIGNED)
        ) as client:
            return str(client.meta.endpoint_url)
    except Exception as error:
        translated = translate(error, "finding the endpoint", f"{service} in {region}")
        if translated is None:
            raise
        raise translated from error


async def reach(url: str, transport: Transport) -> Finding:
    """Resolve, connect, and shake hands where the endpoint speaks TLS; tells which of these fails."""
    target = Target.of(url)
    try:
        if proxy := _proxy_for(url, transport):
            await _connect(proxy, await _resolve(proxy))
            return ok(f"{target} through the proxy {proxy.host}:{proxy.port}, which accepts connections")
        started = time.perf_counter()
        addresses = await _resolve(target)
        address = await _connect(target, addresses)
        if target.is_tls:
            await _shake_hands(target, address, _trusting(transport))
    except AccessError as error:
        return failed(error.fact, error.remedy, code=error.code, may_pass=_may_pass(error.__cause__))
    how = "TCP and TLS" if target.is_tls else "TCP, without TLS"
    return ok(f"{target} is {address}: {how} in {time.perf_counter() - started:.2f} s")


def _may_pass(cause: BaseException | None) -> bool:
    """A network that is down comes back; a name, a certificate or a file that is wrong stays so."""
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    if isinstance(cause, ConnectionError | TimeoutError):
        return True
    return isinstance(cause, OSError) and cause.errno in _UNREACHABLE


def _proxy_for(url: str, transport: Transport) -> Target | None:
    if transport.proxy is not None:
        return Target.of(transport.proxy.get_secret_value())
    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    return Target.of(proxy if "://" in proxy else f"http://{proxy}") if proxy else None


async def _resolve(target: Target) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise AccessError(
            f"DNS: the name {target.host} does not resolve ({_reason(error)})",
            remedy="correct the region or the endpoint; if they are right, this machine's DNS must know the"
            " name (in a VPC without internet: an interface endpoint with private DNS)",
            code=ErrorCode.NETWORK_NAME_UNKNOWN,
        ) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _connect(target: Target, addresses: list[str]) -> str:
    """The first address that takes a connection."""
    last: OSError | None = None
    for address in addresses[:_ADDRESSES]:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(address, target.port)
        except OSError as error:  # TimeoutError is one
            last = error
        else:
            await _close(writer)
            return address
    raise _no_connection(target, addresses, last) from last


def _no_connection(target: Target, addresses: list[str], error: OSError | None) -> AccessError:
    where = f"{target.host} ({', '.join(addresses[:_ADDRESSES])}) port {target.port}"
    if isinstance(error, ConnectionRefusedError):
        return AccessError(
            f"TCP: {where} refuses the connection",
            remedy="nothing listens there, or a firewall rejects it: correct the endpoint and its port, or"
            " allow outbound traffic to it",
            code=ErrorCode.NETWORK_REFUSED,
        )
    if isinstance(error, TimeoutError):
        return AccessError(
            f"TCP: {where} does not answer: blocked",
            remedy="a firewall, security group or missing route drops the packets: allow outbound traffic to"
            " it, or use a VPC endpoint or a proxy (aws.proxy.url)",
            code=ErrorCode.NETWORK_BLOCKED,
        )
    if error is not None and error.errno in _UNREACHABLE:
        return AccessError(
            f"TCP: there is no route to {where} ({error.strerror})",
            remedy="give this machine a route: a NAT gateway, a VPC endpoint, or a proxy (aws.proxy.url)",
            code=ErrorCode.NETWORK_NO_ROUTE,
        )
    return AccessError(
        f"TCP: no connection to {where} ({_reason(error) if error else 'no address'})",
        remedy="correct the endpoint, or allow outbound traffic to it",
        code=ErrorCode.NETWORK_REFUSED,
    )


async def _shake_hands(target: Target, address: str, trusting: ssl.SSLContext) -> None:
    try:
        async with asyncio.timeout(_TLS_SECONDS):
            _, writer = await asyncio.open_connection(
                address, target.port, ssl=trusting, server_hostname=target.host
            )
    except OSError as error:  # ssl.SSLError and TimeoutError are some
        raise _no_tls(target, error) from error
    await _close(writer)


def _trusting(transport: Transport) -> ssl.SSLContext:
    """What botocore trusts: the bundle of the config, of the environment, else the authorities it ships.

    Raises:
        AccessError: The bundle cannot be read.
    """
    bundle = transport.ca_bundle or new_session().get_config_variable("ca_bundle")
    try:
        return ssl.create_default_context(cafile=get_cert_path(bundle or True))
    except OSError as error:
        raise AccessError(
            f"TLS: the CA bundle {bundle} cannot be read ({_reason(error)})",
            remedy="correct aws.tls.ca.bundle (or AWS_CA_BUNDLE)",
            code=ErrorCode.TLS_BUNDLE_UNREADABLE,
        ) from error


def _no_tls(target: Target, error: OSError) -> AccessError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(target, error)
    if isinstance(error, TimeoutError):
        return AccessError(
            f"TLS: {target} accepts connections and then says nothing",
            remedy="a firewall may inspect what passes, or the port is not one of TLS: correct the endpoint",
            code=ErrorCode.TLS_HANDSHAKE_FAILED,
        )
    return AccessError(
        f"TLS: no handshake with {target} ({_reason(error)})",
        remedy="the port may not be one of TLS (then the endpoint begins with http://), or a firewall cuts"
        " connections by name",
        code=ErrorCode.TLS_HANDSHAKE_FAILED,
    )


def _bad_certificate(target: Target, error: ssl.SSLCertVerificationError) -> AccessError:
    fact = f"TLS: the certificate of {target} is not accepted ({error.verify_message})"
    if error.verify_code in _OTHER_HOST:
        return AccessError(
            f"TLS: {target} answers with a certificate for another host ({error.verify_message})",
            remedy="correct the endpoint: the name in it must be one of the certificate's",
            code=ErrorCode.TLS_CERTIFICATE_WRONG,
        )
    if error.verify_code in _NOT_TRUSTED:
        return AccessError(
            fact,
            remedy="a proxy or firewall that opens TLS, or a store with its own authority: set"
            " aws.tls.ca.bundle to a file with that authority's certificate",
            code=ErrorCode.TLS_CERTIFICATE_UNTRUSTED,
        )
    if error.verify_code in {_NOT_YET, _NO_MORE}:
        return AccessError(
            fact,
            remedy="check the clock of this machine; if it is right, the server needs a new certificate",
            code=ErrorCode.TLS_CERTIFICATE_WRONG,
        )
    return AccessError(
        fact,
        remedy="the server needs another certificate, or another one answers for it",
        code=ErrorCode.TLS_CERTIFICATE_WRONG,
    )


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(1):
            await writer.wait_closed()
    except OSError:
        return  # it is closed, one way or the other


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
