"""Records larger than the service takes: errant, left out, or stored, as ``oversize.policy`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sinks.messaging.config import FAIL, SKIP
from connector.sinks.messaging.draft import TOO_LARGE
from connector.sinks.messaging.pointer import object_key, pointer

if TYPE_CHECKING:
    from connector.sinks.messaging.config import MessagingConfig
    from connector.sinks.messaging.draft import Draft


class Oversize:
    """The policy.

    Attributes:
        acts: Something is done here; else the dispatcher refuses such a record, and names the limit.
    """

    def __init__(self, config: MessagingConfig) -> None:
        self.acts = config.oversize_policy != FAIL
        self._skips = config.oversize_policy == SKIP
        self._bucket = config.oversize_bucket or ""
        self._prefix = config.oversize_prefix

    def passes_over(self, draft: Draft) -> bool:
        """Whether such a record is left out, which counts it; else it is for :meth:`store`."""
        if self._skips:
            draft.prepared.pass_over(TOO_LARGE)
        return self._skips

    def store(self, draft: Draft, position: int, body: bytes) -> str:
        """Have the body stored before anything refers to it; returns the object's key."""
        key = object_key(self._prefix, draft.batch.topic_partition, draft.batch.offsets[position])
        draft.prepared.attachments[key] = body
        return key

    def pointer(self, draft: Draft, position: int, body: bytes) -> str:
        """As :meth:`store`; returns what is sent in place of the body."""
        return pointer(self._bucket, self.store(draft, position, body))
