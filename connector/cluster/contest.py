"""A change of the config topic that counts only if nobody was faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.cluster.config_state import ConfigState
    from connector.cluster.log import TopicLog
    from connector.cluster.records import Entry


async def write_contested(
    log: TopicLog, state: ConfigState, entry: Entry, before: Sequence[Entry] = ()
) -> bool:
    """Write an entry that names its base.

    Args:
        log: The config topic.
        state: What it says; it has handled what the log has written.
        entry: The change.
        before: What goes ahead of it, whether it counts or not.

    Returns:
        Whether it counts. If not, what does is written over it, since compaction keeps what is last.

    Raises:
        LogError: It could not be written, or nobody knows.
    """
    *_, offset = await log.write([*before, entry])
    if not state.was_refused(entry.key, offset):
        return True
    await log.write([state.mended(entry.key)])
    return False
