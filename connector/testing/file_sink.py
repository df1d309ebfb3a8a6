"""A sink under the name of Kafka Connect's file sink: what either has written, the other goes on with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config.option import STRING, non_empty, required
from connector.config.schema import Config
from connector.errors import RetriableError
from connector.sinks.base import BlockingSink

if TYPE_CHECKING:
    from connector.record import RecordBatch

JAVA_NAME = "org.apache.kafka.connect.file.FileStreamSinkConnector"
_NAMES = (JAVA_NAME, "FileStreamSink", "file")


class FileConfig(Config):
    """The one option of the original."""

    file = required("file", STRING, "Where the lines go.", validate=non_empty)


class FileSink(BlockingSink):
    """Appends each value as a line, in one write, so that tasks may share the file."""

    config_class = FileConfig

    def write_blocking(self, batch: RecordBatch) -> None:
        lines = "".join(f"{value}\n" for value in batch.values)
        if Path(f"{self.config.file}.broken").exists():
            raise RuntimeError("broken on purpose")
        try:
            with Path(self.config.file).open("a") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RetriableError(f"{self.config.file} takes nothing: {error}") from error


def install(folder: Path) -> dict[str, str]:
    """Register it for processes that get these variables; the product knows nothing of it."""
    metadata = folder / "file_sink_for_tests-1.0.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: file-sink-for-tests\nVersion: 1.0\n")
    lines = [f"{name} = {__name__}:{FileSink.__name__}" for name in _NAMES]
    (metadata / "entry_points.txt").write_text("\n".join(["[connector.sinks]", *lines, ""]))
    return {"PYTHONPATH": str(folder)}
