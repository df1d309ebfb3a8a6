"""Records as messages of SQS and SNS, which take the same bodies and attributes; sinks write them down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector.sinks.messaging.attributes import MOST, NUMBER, STRING, Attribute
from connector.sinks.messaging.characters import BASE64, ENCODING_ATTRIBUTE, legal_text
from connector.sinks.messaging.null import sent_bodies
from connector.sinks.messaging.oversize import Oversize
from connector.sinks.messaging.pointer import SIZE_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.sinks.messaging.config import MessageConfig
    from connector.sinks.messaging.draft import Draft

_OURS = frozenset({ENCODING_ATTRIBUTE, SIZE_ATTRIBUTE})
_DROP = "message.attributes.overflow=drop"


class Message(NamedTuple):
    """A record that will be sent; ``size_bytes`` is what the service counts: body and attributes."""

    position: int
    body: str
    attributes: list[Attribute]
    size_bytes: int


class MessageMaker:
    """Makes messages of batches; remembers nothing of them."""

    def __init__(
        self, config: MessageConfig, check_body: Callable[[bytes | str], None] | None = None
    ) -> None:
        """Args: ``check_body`` raises ValueError for a body that the service would misunderstand."""
        self._config = config
        self._attributes = config.create_attributes()
        self._oversize = Oversize(config)
        self._check_body = check_body

    @property
    def columns(self) -> set[str]:
        return self._config.body_columns | self._attributes.columns

    def bodies(self, draft: Draft) -> Sequence[bytes | str]:
        """Comes first: see the draft."""
        return sent_bodies(draft, self._config.message_body, self._config.null_policy)

    def messages(self, draft: Draft, bodies: Sequence[bytes | str], most_bytes: int) -> Iterator[Message]:
        """Of the records that have not failed, and do not here."""
        for position, body in enumerate(bodies):
            if draft.has_failed(position):
                continue
            try:
                message = self._message(draft, position, body)
                if message.size_bytes > most_bytes and self._oversize.acts:
                    if self._oversize.passes_over(draft):
                        continue
                    message = self._by_reference(draft, message)
            except ValueError as error:
                draft.fail(position, str(error))
            else:
                yield message

    def _message(self, draft: Draft, position: int, body: bytes | str) -> Message:
        if not body:
            raise ValueError(
                "its value is empty, and the service takes no empty message: set message.body=envelope"
            )
        if self._check_body:
            self._check_body(body)
        text, text_bytes, is_mended_by_base64 = legal_text(body, self._config.illegal_characters)
        attributes = [] if self._attributes.is_empty else self._chosen(draft, position)
        if is_mended_by_base64:
            attributes = self._with(attributes, Attribute(ENCODING_ATTRIBUTE, STRING, BASE64))
        return Message(position, text, attributes, text_bytes + _size_bytes(attributes))

    def _by_reference(self, draft: Draft, message: Message) -> Message:
        body = message.body.encode()
        attributes = self._with(message.attributes, Attribute(SIZE_ATTRIBUTE, NUMBER, str(len(body))))
        text = self._oversize.pointer(draft, message.position, body)
        return Message(message.position, text, attributes, len(text.encode()) + _size_bytes(attributes))

    def _chosen(self, draft: Draft, position: int) -> list[Attribute]:
        attributes, fault = self._attributes.of(draft.batch, position)
        if fault:
            raise ValueError(f"{fault}: choose other headers with message.attributes.headers, or set {_DROP}")
        return attributes

    def _with(self, attributes: list[Attribute], ours: Attribute) -> list[Attribute]:
        """One more at the end, for which the last of the user's gives way if that is allowed."""
        others = [each for each in attributes if each.name != ours.name]
        if len(others) == MOST:
            if self._config.attribute_overflow != "drop":
                raise ValueError(
                    f"it has {MOST} attributes, and {ours.name} is needed, too: choose fewer with"
                    f" message.attributes.headers, or set {_DROP}"
                )
            others.remove([each for each in others if each.name not in _OURS][-1])
        return [*others, ours]


def _size_bytes(attributes: list[Attribute]) -> int:
    return sum([each.size_bytes for each in attributes]) if attributes else 0
