"""Reads Java's first form of key stores, JKS: certificates as they are, keys behind a cipher of its own.

The form is thirty years old and will not change; libraries for it have not been kept up. Source: the layout
that OpenJDK describes in ``sun.security.provider.JavaKeyStore`` and ``KeyProtector``. Certificates and keys
are handed on in DER, and nobody here looks into them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

MAGIC = b"\xfe\xed\xfe\xed"

_NAMED_KINDS = 2
"""The version since which every certificate is preceded by its kind."""
_DIGEST_BYTES = 20
_SALT = b"Mighty Aphrodite"
_SEQUENCE, _OCTETS = 0x30, 0x04
_LONG_LENGTH = 0x80


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A private key, still encrypted, and its certificates, its own first."""

    encrypted: bytes = field(repr=False)
    chain: tuple[bytes, ...]

    def key(self, password: str) -> bytes:
        """PKCS#8 in DER; raises ValueError, which quotes nothing."""
        protected = _protected(self.encrypted)
        salt, data, check = (
            protected[:_DIGEST_BYTES],
            protected[_DIGEST_BYTES:-_DIGEST_BYTES],
            protected[-_DIGEST_BYTES:],
        )
        secret = password.encode("utf-16-be")
        key = bytes(one ^ other for one, other in zip(data, _stream(secret, salt, len(data)), strict=True))
        if not hmac.compare_digest(_sha1(secret, key), check):
            raise ValueError("the password of its key is another one")
        return key


@dataclass(frozen=True, slots=True)
class JksContent:
    """What a store holds: certificates that are trusted, and keys."""

    trusted: tuple[bytes, ...]
    keys: tuple[KeyEntry, ...]


def read_jks(data: bytes, password: str | None) -> JksContent:
    """What is in a store; without a password nobody can tell whether it was tampered with, as in Java.

    Raises:
        ValueError: The password is another one, or the store is damaged; quotes nothing.
    """
    if password is not None:
        digest = _sha1(password.encode("utf-16-be"), _SALT, data[:-_DIGEST_BYTES])
        if not hmac.compare_digest(digest, data[-_DIGEST_BYTES:]):
            raise ValueError("the password of the store is another one, or the store is damaged")
    try:
        return _entries(_Reader(data[len(MAGIC) : -_DIGEST_BYTES]))
    except IndexError:
        raise ValueError("the store is damaged") from None


def _entries(reader: _Reader) -> JksContent:
    has_kinds = reader.number() >= _NAMED_KINDS
    trusted: list[bytes] = []
    keys: list[KeyEntry] = []
    for _ in range(reader.number()):
        tag = reader.number()
        reader.text()  # its alias
        reader.take(8)  # when it was made
        match tag:
            case 1:
                encrypted = reader.block()
                chain = [_certificate(reader, has_kinds) for _ in range(reader.number())]
                keys.append(KeyEntry(encrypted, tuple(chain)))
            case 2:
                trusted.append(_certificate(reader, has_kinds))
            case _:
                raise ValueError("the store is damaged")
    return JksContent(tuple(trusted), tuple(keys))


def _certificate(reader: _Reader, has_kinds: bool) -> bytes:
    if has_kinds:
        reader.text()
    return reader.block()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise IndexError
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self) -> int:
        return int.from_bytes(self.take(4))

    def block(self) -> bytes:
        return self.take(self.number())

    def text(self) -> bytes:
        return self.take(int.from_bytes(self.take(2)))


def _protected(der: bytes) -> bytes:
    """The octets in an EncryptedPrivateKeyInfo (RFC 5958), whose algorithm is always the same in JKS."""
    try:
        inner, _ = _element(der, _SEQUENCE)
        _, rest = _element(inner, _SEQUENCE)
        protected, _ = _element(rest, _OCTETS)
    except IndexError:
        raise ValueError("its key is damaged") from None
    if len(protected) < 2 * _DIGEST_BYTES:
        raise ValueError("its key is damaged")
    return protected


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first element, and what follows it."""
    if der[0] != tag:
        raise ValueError("its key is damaged")
    length, start = der[1], 2
    if length & _LONG_LENGTH:
        start += length & ~_LONG_LENGTH
        length = int.from_bytes(der[2:start])
    return der[start : start + length], der[start + length :]


def _stream(secret: bytes, salt: bytes, length: int) -> bytes:
    stream, digest = b"", salt
    while len(stream) < length:
        digest = _sha1(secret, digest)
        stream += digest
    return stream[:length]


def _sha1(*parts: bytes) -> bytes:
    # The form's own; what it is worth is not ours to choose.
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).digest()
