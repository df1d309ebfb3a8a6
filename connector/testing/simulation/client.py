"""The AWS client of a simulated process: botocore's requests become those of the simulated S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore.exceptions import ClientError

from connector.aws.faults import translate
from connector.errors import ConnectorError, RetriableError
from connector.retry import Backoff, retrying
from connector.testing.simulation.s3 import S3Error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from connector.sinks.base import SinkContext
    from connector.testing.simulation.s3 import SimulatedS3

T = TypeVar("T")

_BACKOFF = Backoff(0.01, 0.05)


class SimulatedClient:
    """Has the methods of ``AwsClient``.

    Args of its constructor: ``ask`` sends a request on its way, and gives what S3 answered in the end.
    """

    def __init__(self, ask: Callable[[str, dict[str, Any]], Awaitable[Any]], context: SinkContext) -> None:
        self._ask = ask
        self._context = context

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def call(self, operation: str, method: str, resource: str, **request: Any) -> dict[str, Any]:
        return await self.repeated(operation, lambda: self.call_once(operation, method, resource, **request))

    async def repeated(self, operation: str, attempt: Callable[[], Awaitable[T]]) -> T:
        def on_retry(error: RetriableError) -> None:
            self._context.retried(operation, error)

        return await retrying(attempt, _BACKOFF, on_retry)

    async def call_once(self, operation: str, method: str, resource: str, **request: Any) -> dict[str, Any]:
        if operation == "HeadBucket":
            return {}
        try:
            answer: dict[str, Any] = await self._ask(operation, request)
        except S3Error as error:
            told = ClientError(
                {
                    "Error": {"Code": error.code, "Message": error.code},
                    "ResponseMetadata": {"HTTPStatusCode": error.status},
                },
                operation,
            )
            translated = translate(told, operation, resource)
            if not isinstance(translated, ConnectorError):
                raise told from error
            raise translated from told
        return answer


class _Body:
    """As aiobotocore gives it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def read(self) -> bytes:
        return self._content


def answered(s3: SimulatedS3, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """What S3 answers to a request, at this moment.

    Raises:
        S3Error: An error.
    """
    key, upload_id = request["Key"], request.get("UploadId", "")
    match operation:
        case "CreateMultipartUpload":
            return {"UploadId": s3.create(key, request.get("Metadata", {}))}
        case "UploadPart":
            part = s3.upload_part(key, upload_id, request["PartNumber"], request["Body"])
            return {"ETag": part.etag, **_checksum(request, part.checksum)}
        case "ListParts":
            return {
                "Parts": [
                    {
                        "PartNumber": number,
                        "ETag": part.etag,
                        "Size": len(part.body),
                        "ChecksumCRC32": part.checksum,
                    }
                    for number, part in s3.list_parts(key, upload_id)
                ]
            }
        case "CompleteMultipartUpload":
            parts = [(part["PartNumber"], part["ETag"]) for part in request["MultipartUpload"]["Parts"]]
            s3.complete(key, upload_id, parts)
        case "AbortMultipartUpload":
            s3.abort(key, upload_id)
        case "HeadObject":
            found = s3.head(key)
            return {"Metadata": dict(found.metadata), "ContentLength": len(found.body)}
        case "PutObject":
            s3.put(key, request["Body"])
        case "GetObject":
            return {"Body": _Body(s3.get(key))}
        case "DeleteObject":
            s3.delete(key)
        case _:
            raise AssertionError(f"{operation} is not simulated")
    return {}


def _checksum(request: dict[str, Any], checksum: str) -> dict[str, Any]:
    return {"ChecksumCRC32": checksum} if request.get("ChecksumAlgorithm") else {}
