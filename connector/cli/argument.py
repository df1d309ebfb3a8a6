"""What several commands are given, declared once.

No path is looked at by typer (``readable``): whoever reads a file says what is wrong with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.environment import WORKER_FILE

_CONNECTORS = "Connectors: flat JSON, {name, config} JSON, or .properties; or folders of these."

WorkerFile = Annotated[
    Path | None,
    typer.Argument(
        help="The worker's .properties file; '-' to use CONNECT_… variables alone.",
        envvar=WORKER_FILE,
        readable=False,
        show_default=False,
    ),
]
ConnectorFiles = Annotated[list[Path], typer.Argument(help=_CONNECTORS, readable=False)]
OptionalConnectorFiles = Annotated[
    list[Path] | None, typer.Argument(help=_CONNECTORS, readable=False, show_default=False)
]


def file_of(worker: Path | None) -> Path | None:
    """None where variables alone say it all."""
    return None if worker is None or str(worker) == "-" else worker
