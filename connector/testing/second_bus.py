"""An event bus of version 2 as its published model describes it: no more is known here of the real one.

Requests are decoded and answers encoded by botocore's CBOR code; every string, list and structure of a
request is held to the lengths, patterns and requirements that the model names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

import botocore.session
from aiohttp import web
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ARN = "arn:aws:events:us-east-1:123456789012:event-busv2/shop/abcdefghijklmnopqrstuvwxy"
_PATH = "/service/AWSEventsV2/operation/{operation}"


class SecondBus:
    """One bus on a loopback port; use as an async context manager.

    Attributes:
        url: Where it listens.
        arn: The only bus there is.
        state: What DescribeEventBus says about it.
        stored: Every entry that was published, once.
        deduplicated: How many entries were recognised.
        requests: Every request to PutEvents.
        failures: Error codes for the next entries, one each.
    """

    url: str

    def __init__(self) -> None:
        self.arn = ARN
        self.state = "ACTIVE"
        self.stored: list[dict[str, Any]] = []
        self.deduplicated = 0
        self.requests: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._seen: set[tuple[str | None, str]] = set()
        self._model = botocore.session.get_session().get_service_model("eventbridgev2")

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=16 << 20)
        application.router.add_post(_PATH, self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        operation = self._model.operation_model(request.match_info["operation"])
        parser = RpcV2CBORParser()
        asked = parser.parse_data_item(parser.get_peekable_stream_from_bytes(await request.read()))
        if fault := _fault(operation.input_shape, asked, ""):
            return _error(400, "InvalidInputException", fault)
        if asked["EventBusArn"] != self.arn:
            return _error(404, "ResourceNotFoundException", "There is no such bus.")
        answer = self._describe() if operation.name == "DescribeEventBus" else self._put(asked)
        body = bytearray()
        RpcV2CBORSerializer()._serialize_data_item(body, answer, operation.output_shape)  # noqa: SLF001
        return _response(200, bytes(body))

    def _describe(self) -> dict[str, Any]:
        return {"EventBusArn": self.arn, "Name": "shop", "State": self.state}

    def _put(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(asked)
        results = [self._take(entry) for entry in asked["Entries"]]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _take(self, entry: dict[str, Any]) -> dict[str, Any]:
        if self.failures:
            return {"ErrorCode": self.failures.pop(0), "ErrorMessage": "Injected by the test."}
        metadata = entry.get("SystemMetadata", {})
        result = {"EventId": f"event-{len(self.stored)}", "SequenceNumber": "1", "SuccessCode": "PUBLISHED"}
        if "DeduplicationId" in metadata:
            seen = (metadata.get("EventGroupId"), metadata["DeduplicationId"])
            if seen in self._seen:
                self.deduplicated += 1
                return {**result, "SuccessCode": "DEDUPLICATED"}
            self._seen.add(seen)
        self.stored.append(entry)
        return result


def _fault(shape: Any, value: Any, path: str) -> str | None:
    """What the model forbids."""
    if shape.type_name == "structure":
        return _structure_fault(shape, value, path)
    facts: Mapping[str, Any] = shape.metadata
    if shape.type_name in {"string", "list"}:
        if not facts.get("min", 0) <= len(value) <= facts.get("max", float("inf")):
            return f"{path} has the length {len(value)}"
        if "pattern" in facts and not re.fullmatch(facts["pattern"], value):
            return f"{path} does not match {facts['pattern']}"
    if shape.type_name == "list":
        faults = (_fault(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value))
        return next(filter(None, faults), None)
    return None


def _structure_fault(shape: Any, value: Any, path: str) -> str | None:
    for name in shape.required_members:
        if name not in value:
            return f"{path}.{name} is missing"
    for name, member in value.items():
        if name not in shape.members:
            return f"{path}.{name} is unknown"
        if fault := _fault(shape.members[name], member, f"{path}.{name}"):
            return fault
    return None


def _error(status: int, code: str, message: str) -> web.Response:
    """RFC 8949: a map of two pairs of text strings."""
    pairs = {"__type": code, "Message": message}
    body = b"\xa2" + b"".join(_text(text) for pair in pairs.items() for text in pair)
    return _response(status, body)


def _text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data


def _response(status: int, body: bytes) -> web.Response:
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    return web.Response(status=status, body=body, headers=headers)
