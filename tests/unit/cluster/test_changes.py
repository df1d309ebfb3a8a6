"""Changes of one connector wait for each other, and for nobody who asked for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from connector.cluster.changes import Changes
from connector.cluster.request_error import ExistsError, RebalanceError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Door:
    """A change that waits until it may end, and what has happened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.happened: list[str] = []

    def change(self, name: str) -> Callable[[], Coroutine[None, None, str]]:
        async def change() -> str:
            self.happened.append(f"{name} begins")
            await self.opened.wait()
            self.happened.append(f"{name} ends")
            return name

        return change


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_changes_of_one_connector_come_one_after_the_other_and_of_two_at_once() -> None:
    changes, door = Changes("later"), Door()
    asked = [
        asyncio.create_task(changes.make(connector, door.change(change)))
        for connector, change in (("a", "first"), ("a", "second"), ("b", "third"))
    ]
    await settle()
    assert door.happened == ["first begins", "third begins"]
    door.opened.set()
    assert await asyncio.gather(*asked) == ["first", "second", "third"]
    assert door.happened.index("first ends") < door.happened.index("second begins")


async def test_a_change_goes_on_when_nobody_waits_for_it_and_the_end_waits_for_it() -> None:
    changes, door = Changes("later"), Door()
    asked = asyncio.create_task(changes.make("a", door.change("change")))
    await settle()
    asked.cancel()
    await settle()
    end = asyncio.create_task(changes.ended())
    await settle()
    assert not end.done()
    door.opened.set()
    await end
    assert door.happened == ["change begins", "change ends"]


async def test_what_has_not_had_its_turn_when_the_worker_stops_is_refused() -> None:
    changes, door = Changes("ask another one"), Door()
    first = asyncio.create_task(changes.make("a", door.change("first")))
    second = asyncio.create_task(changes.make("a", door.change("second")))
    await settle()
    changes.close()
    door.opened.set()
    assert await first == "first"
    with pytest.raises(RebalanceError, match="The worker is stopping: ask another one"):
        await second
    assert door.happened == ["first begins", "first ends"]


async def test_a_change_that_fails_hinders_no_other_and_is_logged_unless_the_client_is_told() -> None:
    async def fail(error: Exception) -> None:
        raise error

    changes = Changes("later")
    with capture_logs() as logs:
        with pytest.raises(OSError, match="no disk"):
            await changes.make("a", lambda: fail(OSError("no disk")))
        with pytest.raises(ExistsError):
            await changes.make("a", lambda: fail(ExistsError("a")))
        await settle()
    assert [entry["error"] for entry in logs] == ["no disk"]
    door = Door()
    door.opened.set()
    assert await changes.make("a", door.change("next")) == "next"
