"""One call to one AWS service: signed, timed, its error translated, repeated if the fault may pass.

botocore's own retries are off: ours would multiply with them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore import UNSIGNED

from connector import metrics, tracing
from connector.aws.credentials import obtain, signing_fault, signing_session
from connector.aws.faults import translate
from connector.aws.identity import Anonymous
from connector.aws.refresh import elapsed
from connector.aws.transport import client_settings
from connector.errors import ConnectorError
from connector.retry import Backoff, retrying

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from connector.aws.identity import Identity
    from connector.errors import RetriableError
    from connector.sinks.base import SinkContext

T = TypeVar("T")


class AwsClient:
    """A client of one service for one task's sink; use as an async context manager."""

    def __init__(
        self,
        service: str,
        identity: Identity,
        context: SinkContext,
        *,
        endpoint: str | None,
        max_connections: int,
        backoff: Backoff,
        **options: Any,
    ) -> None:
        """Args: ``options`` go to botocore's Config, e.g. ``s3={"addressing_style": "path"}``."""
        self._context = context
        self._backoff = backoff
        if isinstance(identity.base, Anonymous) and identity.role_arn is None:
            options["signature_version"] = UNSIGNED
        self._is_anonymous = options.get("signature_version") is UNSIGNED
        settings = client_settings(identity.transport, max_pool_connections=max_connections, **options)
        self._session = signing_session(identity)
        self._opening: AbstractAsyncContextManager[Any] = self._session.create_client(
            service, region_name=identity.region, endpoint_url=endpoint, **settings
        )
        self._client: Any = None

    async def __aenter__(self) -> Self:
        """Credentials come first: an identity that cannot be used fails here, before anything is read.

        Raises:
            AccessError: There are no credentials, or the role may not be assumed.
            RetriableError: STS does not answer now.
        """
        if not self._is_anonymous:
            await obtain(self._session)
        self._client = await self._opening.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opening.__aexit__(kind, error, trace)

    async def call(self, operation: str, method: str, resource: str, **request: Any) -> dict[str, Any]:
        """Call until it succeeds or cannot.

        Args:
            operation: The API operation for metrics and messages, e.g. ``UploadPart``.
            method: The client's method, e.g. ``upload_part``.
            resource: What it is about, for messages.
            request: The operation's parameters.

        Raises:
            AccessError: The service refuses; says what to grant or change.
        """
        return await self.repeated(operation, lambda: self.call_once(operation, method, resource, **request))

    async def repeated(self, operation: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat something of several calls until it does not raise RetriableError."""

        def on_retry(error: RetriableError) -> None:
            self._context.retried(operation, error)

        return await retrying(attempt, self._backoff, on_retry)

    async def call_once(self, operation: str, method: str, resource: str, **request: Any) -> dict[str, Any]:
        """Call once; raises RetriableError as well as AccessError."""
        return await self._translated(operation, resource, getattr(self._client, method)(**request))

    async def _translated(self, operation: str, resource: str, request: Awaitable[T]) -> T:
        """The answer of one request, or its error in our terms; timed either way."""
        started, since = time.perf_counter(), elapsed()
        outcome = "failed"
        try:
            with tracing.span(f"aws {operation}", {"rpc.system": "aws-api", "rpc.method": operation}):
                answer = await request
            outcome = "succeeded"
        except ConnectorError:
            raise
        except Exception as error:
            translated = await self._fault(error, operation, resource, since)
            if translated is None:
                raise
            raise translated from error
        else:
            return answer
        finally:
            metrics.AWS_REQUESTS.labels(operation, outcome).observe(time.perf_counter() - started)

    async def _fault(
        self, error: Exception, operation: str, resource: str, since: float
    ) -> ConnectorError | None:
        if self._is_anonymous:
            return translate(error, operation, resource)
        return await signing_fault(self._session, error, operation, resource, since=since)
