"""What the session of a role is called when the user gives it no name."""

from __future__ import annotations

import hashlib
import re

LONGEST_SESSION_NAME = 64


def session_name_of(connector: str, task: int | None = None) -> str:
    """A legal session name, the same at every start; of a long connector name the beginning stays."""
    legal = re.sub(r"[^\w+=,.@-]", "-", connector, flags=re.ASCII)
    ending = "" if task is None else f"-{task}"
    name = f"connect-{legal}{ending}"
    if len(name) <= LONGEST_SESSION_NAME:
        return name
    # What tells connectors apart is often the end of their names.
    ending = f"-{hashlib.sha256(connector.encode()).hexdigest()[:8]}{ending}"
    return f"connect-{legal}"[: LONGEST_SESSION_NAME - len(ending)] + ending
