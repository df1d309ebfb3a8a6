"""Records without a value: errant, left out, or an envelope, as ``behavior.on.null.values`` says."""

from __future__ import annotations

from itertools import compress, count
from typing import TYPE_CHECKING

from connector.sinks.messaging.body import ENVELOPE, bodies, envelopes, nulls
from connector.sinks.messaging.config import SKIP
from connector.sinks.messaging.draft import NULL_VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.sinks.messaging.draft import Draft


def sent_bodies(draft: Draft, kind: str, policy: str) -> Sequence[bytes | str]:
    """The body of each record that is left in the draft, which those without one have left."""
    found = bodies(draft.batch, kind)
    if kind == policy == ENVELOPE:
        return found  # type: ignore[return-value] # envelopes have no gaps
    absent = list(compress(count(), nulls(draft.batch.values)))
    if not absent:
        return found  # type: ignore[return-value] # None is of nulls only
    if policy == ENVELOPE:
        instead = dict(zip(absent, envelopes(draft.batch.select(absent)), strict=True))
        return [instead.get(position, body) for position, body in enumerate(found)]  # type: ignore[misc]
    for position in absent:
        refuse(draft, position, policy)
    gone = frozenset(absent)
    kept = [position for position in range(len(found)) if position not in gone]
    draft.keep(kept)
    return [found[position] for position in kept]  # type: ignore[misc]


def refuse(draft: Draft, position: int, policy: str) -> None:
    """A null value that is not sent."""
    if policy == SKIP:
        draft.prepared.pass_over(NULL_VALUE)
    else:
        draft.fail(position, "it has no value (a tombstone): set behavior.on.null.values to skip or envelope")
