"""Avro's object container files (Avro 1.11 specification, "Object Container Files"): header and blocks.

The mark between blocks is derived from the header, so that the same records give the same bytes.
"""

from __future__ import annotations

import bz2
import hashlib
import json
import lzma
import zlib
from typing import TYPE_CHECKING, Any

import zstandard
from cramjam import snappy

from connector.formats.avro_column import long

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC = b"Obj\x01"
_RAW_DEFLATE = -15
_MARK_BYTES = 16


def _deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=_RAW_DEFLATE)
    return stream.compress(data) + stream.flush()


def _snappy(data: bytes) -> bytes:
    return bytes(snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4)


def _zstandard(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(data)


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes,
    "deflate": _deflate,
    "bzip2": bz2.compress,
    "snappy": _snappy,
    "zstandard": _zstandard,
    "xz": lzma.compress,
}


def header(schema: Any, codec: str) -> tuple[bytes, bytes]:
    """The first bytes of a file, and the mark that ends its blocks."""
    text = json.dumps(schema, separators=(",", ":")).encode()
    entries = {"avro.schema": text, "avro.codec": codec.encode()}
    body = b"".join(_bytes(name.encode()) + _bytes(value) for name, value in entries.items())
    start = _MAGIC + long(len(entries)) + body + b"\x00"
    mark = hashlib.sha256(start).digest()[:_MARK_BYTES]
    return start + mark, mark


def block(records: int, encoded: bytes, codec: str, mark: bytes) -> bytes:
    """One block of encoded records."""
    data = CODECS[codec](encoded)
    return long(records) + long(len(data)) + data + mark


def _bytes(data: bytes) -> bytes:
    return long(len(data)) + data
