"""Requests that the caller has encoded, to one AWS service: signed, sent, answered with raw bytes.

botocore builds, signs and parses any request of any service, which for a batch of ten messages takes
longer than all the rest. Where to send, and as what to sign, is still botocore's decision; connections,
proxy and trust are those of its client.
"""

from __future__ import annotations

import hashlib
import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from yarl import URL

from connector.aws.clients import AwsClient
from connector.aws.refusal import refusal
from connector.aws.sigv4 import Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    _RouteName = tuple[str, str, str | None, tuple[tuple[str, str], ...]]

_LONG_BYTES = 256 * 1024
"""Above it a body is hashed in a thread: it takes more than a tenth of a millisecond."""
_STREAMED_BYTES = 1024 * 1024
"""Above it aiohttp wants a stream, which it sends piece by piece."""
_REFUSED = 300


class WireClient(AwsClient):
    """An :class:`AwsClient` that also sends what is already encoded; use as an async context manager."""

    _credentials: Any = None

    async def __aenter__(self) -> Self:
        """Raises as :class:`AwsClient` does."""
        self._routes: dict[_RouteName, _Route] = {}
        await super().__aenter__()
        if not self._is_anonymous:
            self._credentials = await self._session.get_credentials()
        return self

    async def post(
        self,
        *,
        operation: str,
        body: bytes,
        content_type: str,
        resource: str,
        target: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send once, and give the body of the answer, which is a success.

        Args:
            operation: The API operation, e.g. ``PutRecords``.
            body: The request in the service's protocol.
            content_type: Its type, e.g. ``application/x-amz-json-1.1``.
            resource: What it is about, for messages.
            target: ``X-Amz-Target`` of the JSON protocols; None for the query protocol.
            parameters: Those of the operation that its endpoint depends on, e.g. ``StreamARN``; they are not
                sent. EventBridge's ``EndpointId``, which needs another signature, is for ``call``.

        Raises:
            RetriableError: No answer, throttled, expired credentials: the same again may succeed.
            AccessError: The service refuses; says what to grant or change. ``code_of`` tells its code.
        """
        route: _RouteName = (operation, content_type, target, tuple((parameters or {}).items()))
        return await self._translated(operation, resource, self._post(body, route))

    async def _post(self, body: bytes, name: _RouteName) -> bytes:
        operation, content_type, target, parameters = name
        route = self._routes.get(name)
        if route is None:
            route = await self._find_route(operation, content_type, target, dict(parameters))
            self._routes[name] = route
        headers = route.headers
        if route.signer is not None:
            is_long = len(body) > _LONG_BYTES
            digest = await self._context.in_thread(_sha256, body) if is_long else _sha256(body)
            keys = await self._credentials.get_frozen_credentials()
            headers = {**headers, **route.signer.sign(keys, digest, time.time())}
        async with route.session.post(
            route.url,
            data=io.BytesIO(body) if len(body) > _STREAMED_BYTES else body,
            headers=headers,
            allow_redirects=False,
            proxy=route.proxy,
            proxy_headers=route.proxy_headers,
        ) as response:
            answer = await response.read()
            if response.status < _REFUSED:
                return answer
            lower = {name.lower(): value for name, value in response.headers.items()}
            raise refusal(self._protocol, operation, response.status, lower, answer)

    @property
    def _protocol(self) -> str:
        return str(self._client.meta.service_model.resolved_protocol)

    async def _find_route(
        self, operation: str, content_type: str, target: str | None, parameters: dict[str, str]
    ) -> _Route:
        """Ask botocore, as its client does before each request.

        What it asks has no public name; a test compares the outcome with what botocore itself sends.
        """
        client, context = self._client, {"client_region": self._client.meta.region_name}
        model = client.meta.service_model
        endpoint, additional, _ = await client._resolve_endpoint_ruleset(  # noqa: SLF001
            model.operation_model(operation), parameters, context
        )
        endpoint = endpoint if urlsplit(endpoint).path else f"{endpoint}/"
        headers = {"Content-Type": content_type}
        if target is not None:
            headers["X-Amz-Target"] = target
        if model.is_query_compatible:
            # Without it SQS leaves out the codes that it had before JSON, which our tables and users know.
            headers["X-Amzn-Query-Mode"] = "true"
        headers |= {name: ",".join(values) for name, values in additional.items()}
        signer = None
        if not self._is_anonymous:
            signer = self._signer(endpoint, headers, context.get("signing", {}))
            headers["Host"] = signer.host
        headers["User-Agent"] = client._user_agent_creator.to_string()  # noqa: SLF001
        headers["Accept-Encoding"] = "identity"
        return await self._route(endpoint, headers, signer)

    async def _route(self, endpoint: str, headers: dict[str, str], signer: Signer | None) -> _Route:
        """Through the connections and the proxy that botocore's client has."""
        http = self._client._endpoint.http_session  # noqa: SLF001
        proxies = http._proxy_config  # noqa: SLF001
        proxy = proxies.proxy_url_for(endpoint)
        authorization: dict[str, str] = proxies.proxy_headers_for(proxy) if proxy else {}
        is_tunnel = endpoint.startswith("https:")
        return _Route(
            url=URL(endpoint, encoded=True),
            headers=headers if is_tunnel else headers | authorization,
            signer=signer,
            session=await http._get_session(proxy),  # noqa: SLF001
            # Without the password, since aiohttp quotes the URL of a proxy that refuses.
            proxy=URL(proxy).with_user(None) if proxy else None,
            proxy_headers=authorization if is_tunnel else {},
        )

    def _signer(self, endpoint: str, headers: Mapping[str, str], signing: Mapping[str, str]) -> Signer:
        """Args: ``signing`` is what the endpoint's rules say, which goes before what the client says."""
        of_client = self._client._request_signer  # noqa: SLF001
        service = signing.get("signing_name") or of_client.signing_name
        region = signing.get("region") or of_client.region_name
        return Signer(endpoint, headers, service=service, region=region)


@dataclass(frozen=True, slots=True, repr=False)  # the proxy has a password
class _Route:
    """Where one operation goes, and what all of its requests have in common."""

    url: URL
    headers: dict[str, str]
    signer: Signer | None
    session: aiohttp.ClientSession
    proxy: URL | None
    proxy_headers: Mapping[str, str]


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
