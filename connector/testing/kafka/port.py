"""The ports that a process of this machine has opened, as Linux tells them; elsewhere none."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SOCKET = "socket:["
_LOCAL, _INODE = 1, 9


def ports_of(pid: int) -> set[int]:
    """The local ports of its TCP sockets over IPv4."""
    inodes = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed since
                inodes.add(str(descriptor.readlink()).removeprefix(_SOCKET).rstrip("]"))
    found = set()
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[_INODE] in inodes:
                found.add(int(fields[_LOCAL].partition(":")[2], 16))
    return found
