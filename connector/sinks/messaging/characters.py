"""Characters that a message may hold, and what becomes of a body that has others.

SQS takes ``#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`` (API reference of
SendMessage), which are the characters of XML 1.0, and refuses a message with any other.
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from connector.config.option import STRING, defaulted, one_of
from connector.config.schema import Config

FAIL, REPLACE, BASE64 = "fail", "replace", "base64"
ENCODING_ATTRIBUTE = "kafka.encoding"
"""Tells a consumer, with the value base64, that this very body was put into base64."""

_CONTROLS = bytes({*range(0x20)} - {0x9, 0xA, 0xD})
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Text(NamedTuple):
    """A body as it is sent, its bytes in UTF-8, and whether it had to be put into base64 for that."""

    text: str
    size_bytes: int
    is_mended_by_base64: bool = False


def is_legal(utf8: bytes) -> bool:
    """Valid UTF-8 is taken for granted. Much faster than a regular expression on text."""
    return len(utf8.translate(None, _CONTROLS)) == len(utf8) and not any(
        found in utf8 for found in _NONCHARACTERS
    )


def legal_text(body: bytes | str, policy: str) -> Text:
    """The body as text that the service takes; raises ValueError where the policy is to fail."""
    try:
        utf8 = body if isinstance(body, bytes) else body.encode()
        if is_legal(utf8):
            return Text(body if isinstance(body, str) else utf8.decode(), len(utf8))
    except UnicodeError:
        pass
    if policy == REPLACE:
        text = body.decode(errors="replace") if isinstance(body, bytes) else body
        text = _ILLEGAL.sub("\ufffd", text)
        return Text(text, len(text.encode()))
    if policy == BASE64:
        data = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
        text = base64.b64encode(data).decode()
        return Text(text, len(text), is_mended_by_base64=True)
    raise ValueError(
        "the body holds characters that the service refuses, or is no UTF-8: set"
        " message.illegal.characters, or message.body=base64"
    )


class CharacterConfig(Config):
    """What becomes of forbidden characters."""

    illegal_characters = defaulted(
        "message.illegal.characters",
        STRING,
        FAIL,
        "What happens to a body with characters that the service refuses (control characters other than tab,"
        " line feed and carriage return, U+FFFE, U+FFFF), or that is no UTF-8: fail treats the record as"
        " errant, replace puts U+FFFD in their place, base64 sends this body in base64 and says so in the"
        " attribute kafka.encoding.",
        validate=one_of(FAIL, REPLACE, BASE64),
        choices=(FAIL, REPLACE, BASE64),
        group="Message",
    )
