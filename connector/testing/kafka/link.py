"""A network between Kafka and some clients, which a test can break: connections end, answers stay away."""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

from connector.testing.kafka.port import ports_of
from connector.testing.sockets import close_sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_CHUNK_BYTES = 256 << 10
_SECONDS = 60.0
_HEADER = struct.Struct(">ihhih")
"""Length, API key, version, correlation id, length of the client id (RequestHeader, all versions)."""


class _Connection:
    def __init__(self, client_id: str, port: int, *writers: asyncio.StreamWriter) -> None:
        self.client_id = client_id
        self.port = port
        self._writers = writers

    def abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


class KafkaLink:
    """Forwards a port to another, on a thread of its own; a context manager.

    Args:
        port: Where clients connect; what the broker says of itself.
        target_port: Where the broker listens.
    """

    def __init__(self, port: int, target_port: int) -> None:
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self._port = port
        self._target_port = target_port
        self._connections: set[_Connection] = set()
        self._silent_until: dict[str, float] = {}
        self._silent_processes: dict[int, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kafka-link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    def cut(self, client_id: str) -> None:
        """End every connection of a client, or of all whose id begins so."""
        self._call(lambda: self._abort(client_id))

    def withhold_answers(self, client_id: str, seconds: float) -> None:
        """Let its requests through, but no answer; what waits then is lost with the connection."""

        def begin() -> None:
            self._silent_until[client_id] = time.monotonic() + seconds

        self._call(begin)

    def close_port(self) -> None:
        """As if no broker were there, for all."""
        self._run(self._close_port())

    def open_port(self) -> None:
        """After :meth:`close_port`."""
        self._run(self._open())

    def break_process(self, pid: int, seconds: float) -> None:
        """For 0 seconds, end every connection of a process; for more, withhold all answers from it.

        That is of all its clients, whatever their ids are.
        """

        def begin() -> None:
            if seconds:
                self._silent_processes[pid] = time.monotonic() + seconds
                return
            ports = ports_of(pid)
            for connection in list(self._connections):
                if connection.port in ports:
                    connection.abort()

        self._call(begin)

    def _abort(self, client_id: str) -> None:
        for connection in list(self._connections):
            if connection.client_id.startswith(client_id):
                connection.abort()

    def _call(self, function: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(function)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    # ---- on the loop ----

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def _close_port(self) -> None:
        self._server.close()
        self._abort("")

    async def _close(self) -> None:
        await self._close_port()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await close_sockets()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = None
        try:
            first = await reader.readexactly(_HEADER.size)
            client_id = await reader.readexactly(max(0, _HEADER.unpack(first)[-1]))
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            connection = _Connection(
                client_id.decode(), writer.get_extra_info("peername")[1], writer, broker_writer
            )
            self._connections.add(connection)
            broker_writer.write(first + client_id)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, broker_writer))
                group.create_task(self._answer(broker_reader, writer, connection))
        except (OSError, asyncio.IncompleteReadError, ExceptionGroup):
            pass
        finally:
            writer.transport.abort()
            if connection:
                connection.abort()
                self._connections.discard(connection)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if (silence := self._silence(connection)) > 0:
                await asyncio.sleep(silence)
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    def _silence(self, connection: _Connection) -> float:
        now, client_id = time.monotonic(), connection.client_id
        ends = [until for prefix, until in self._silent_until.items() if client_id.startswith(prefix)]
        ends += [
            until
            for pid, until in self._silent_processes.items()
            if until > now and connection.port in ports_of(pid)
        ]
        return max(ends, default=0.0) - now
