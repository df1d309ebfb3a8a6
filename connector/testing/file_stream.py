"""A sink that answers to the class of Kafka's own FileStreamSink, and plug-ins that only tests install."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from connector import plugins
from connector.config.option import STRING, optional
from connector.config.schema import Config
from connector.errors import AccessError
from connector.sinks.base import WriteThroughSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.record import RecordBatch

FILE_STREAM_SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"
ENTRY_POINTS = {"connector.sinks": {FILE_STREAM_SINK: f"{__name__}:FileStreamSink"}}


class FileStreamConfig(Config):
    """As Kafka's."""

    file = optional("file", STRING, "The file that each record's value is appended to, one line for each.")


class FileStreamSink(WriteThroughSink):
    """Appends values to a file, as Kafka's FileStreamSink does; without a file they are dropped."""

    config_class = FileStreamConfig

    async def write(self, batch: RecordBatch) -> None:
        if self.config.file is None:
            return
        lines = b"".join(_line(value) for value in batch.values)
        try:
            await asyncio.to_thread(_append, Path(self.config.file), lines)
        except OSError as error:
            raise AccessError(f"{self.config.file} cannot be written: {error.strerror}") from error


def install(folder: Path, entry_points: Mapping[str, Mapping[str, str]] = ENTRY_POINTS) -> Path:
    """Make ``folder``, once it is on the path for imports, look as if plug-ins had been installed there."""
    info = folder / "connector_test_plugins-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: connector-test-plugins\nVersion: 1.0\n")
    sections = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in found.items())
        for group, found in entry_points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(sections))
    return folder


def forget_plugins() -> None:
    """Look anew for what is installed."""
    plugins._entry_points.cache_clear()  # noqa: SLF001 - nothing else ever changes what is installed
    plugins._by_name.cache_clear()  # noqa: SLF001


def _line(value: object) -> bytes:
    text = value if isinstance(value, bytes) else str(value).encode()
    return text + b"\n"


def _append(path: Path, lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(lines)
