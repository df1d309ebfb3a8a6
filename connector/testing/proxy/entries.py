"""Entries of a request that fail while the others succeed, which no AWS server for tests does by itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import aiohttp

from connector.testing.proxy.fault import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connector.testing.proxy.request import ApiRequest

_MEMBER = "PublishBatchRequestEntries.member."
_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def failing_publications(
    target: str, probability: float, codes: Sequence[str] = ("InternalError", "Throttled"), seed: int = 0
) -> Callable[[ApiRequest], Awaitable[Answer | None]]:
    """A hook for ``PublishBatch``: some entries fail by chance, the others are forwarded.

    What is forwarded has lost its signature, so the server must not ask for one.
    """
    chance = random.Random(seed)  # noqa: S311 - for tests

    async def hook(request: ApiRequest) -> Answer | None:
        form = parse_qsl(request.body.decode(), keep_blank_values=True)
        ids = {_number(name): value for name, value in form if name.endswith(".Id")}
        failed = {number for number in ids if chance.random() < probability}
        if not failed:
            return None
        answer = b"<PublishBatchResponse><PublishBatchResult><Successful/><Failed/></PublishBatchResult>"
        answer += b"</PublishBatchResponse>"
        if kept := [number for number in ids if number not in failed]:
            places = {number: place for place, number in enumerate(kept, 1)}
            answer = await _forward(target + request.target, request, _renumbered(form, places))
        members = "".join(_failure(ids[number], chance.choice(codes)) for number in failed)
        return Answer(200, _with_failures(answer, members), {"Content-Type": "text/xml"})

    return hook


def _number(name: str) -> str:
    return name.removeprefix(_MEMBER).partition(".")[0]


def _renumbered(form: list[tuple[str, str]], places: dict[str, int]) -> bytes:
    kept: list[tuple[str, str]] = []
    for name, value in form:
        if not name.startswith(_MEMBER):
            kept.append((name, value))
        elif (number := _number(name)) in places:
            kept.append((name.replace(f"{_MEMBER}{number}.", f"{_MEMBER}{places[number]}.", 1), value))
    return urlencode(kept).encode()


async def _forward(url: str, request: ApiRequest, body: bytes) -> bytes:
    kept = {"authorization", "x-amz-date", "x-amz-security-token", "host"}
    headers = {name: value for name, value in request.headers.items() if name in kept}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers={**headers, "Content-Type": _FORM}) as response,
    ):
        return await response.read()


def _failure(id_: str, code: str) -> str:
    return f"<member><Id>{id_}</Id><Code>{code}</Code><SenderFault>false</SenderFault></member>"


def _with_failures(answer: bytes, members: str) -> bytes:
    """The answer, whose list of failures is empty, with these."""
    full = f"<Failed>{members}</Failed>".encode()
    for empty in (b"<Failed/>", b"<Failed />", b"<Failed></Failed>"):
        answer = answer.replace(empty, full)
    return answer
