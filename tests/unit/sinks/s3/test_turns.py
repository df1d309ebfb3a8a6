"""Whose request is next, when there are more than may be under way."""

from __future__ import annotations

import asyncio

from connector.sinks.s3.turns import Turns


async def order(*operations: str) -> list[str]:
    """In which these are sent, asked for one after the other while another request is under way."""
    turns = Turns(1)
    sent: list[str] = []

    async def send(operation: str) -> None:
        async with turns.turn(operation):
            sent.append(operation)

    async with asyncio.TaskGroup() as group, turns.turn("HeadBucket"):
        for operation in operations:
            group.create_task(send(operation))
        await asyncio.sleep(0)
    return sent


async def test_what_finishes_objects_goes_before_what_begins_them() -> None:
    asked = ["CreateMultipartUpload", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload"]
    assert await order(*asked) == [asked[3], asked[1], asked[0], asked[2]]


async def test_requests_of_one_kind_go_in_the_order_of_asking() -> None:
    turns = Turns(1)
    sent: list[int] = []

    async def send(number: int) -> None:
        async with turns.turn("UploadPart"):
            sent.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(send, range(20)))
    assert sent == list(range(20))


async def test_no_more_are_under_way_than_may_be_and_all_come_to_their_turn() -> None:
    turns = Turns(3)
    now = most = done = 0

    async def send(number: int) -> None:
        nonlocal now, most, done
        async with turns.turn(["CreateMultipartUpload", "UploadPart", "ListParts"][number % 3]):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            done += 1

    await asyncio.gather(*map(send, range(100)))
    assert (most, done) == (3, 100)


async def test_turn_of_a_request_that_is_given_up_goes_to_the_next() -> None:
    turns = Turns(1)

    async def send() -> None:
        async with turns.turn("UploadPart"):
            pass

    async with turns.turn("UploadPart"):
        given_up, first, last = (asyncio.create_task(send()) for _ in range(3))
        await asyncio.sleep(0)
        given_up.cancel()
    # The first has been given its turn, and is given up before it could take it.
    first.cancel()
    async with asyncio.timeout(60):
        await last
        await send()
