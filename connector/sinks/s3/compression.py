"""Compression of whole objects as a chain of frames, so that an object may be cut between any two.

Gzip members and zstd frames concatenate: ``gunzip``, ``zstd -d`` and every library read a chain as one.
Nothing here knows about parts. The libraries release the interpreter lock while they compress.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import zstandard
from isal import isal_zlib

from connector.sinks.s3.xerial import XerialFrame

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = {"none": "", "gzip": ".gz", "snappy": ".snappy", "zstd": ".zst"}
"""Every compression, and what the default object name ends with."""

ENCODINGS = frozenset({"gzip", "zstd"})
"""The compressions that HTTP has content codings for, of the same name (RFC 9110, RFC 8878)."""

CONTENT_TYPES = {
    "gzip": "application/gzip",
    "zstd": "application/zstd",
    "snappy": "application/octet-stream",
}
"""What a whole object is that readers must decompress themselves."""

LEVELS = {"gzip": (1, 9), "zstd": (1, 22)}
"""The lowest and the highest level of those compressions that have levels."""

_TABLES_BYTES = {"none": 0, "gzip": 176 * 1024, "snappy": 36 * 1024, "zstd": 336 * 1024}
_ZLIB_TABLES_BYTES = 264 * 1024

# Measured on JSON events of 130 bytes with random ids, in blocks of 1 MB on one core:
#   isal 1: 518 MB/s, ratio 3.13 · isal 2: 474, 3.13 · isal 3: 274, 3.22 · zlib 6 (Java's): 48, 3.39
# Ten times the speed of Java's level costs 8 % in size. Levels that isal does not have are zlib's own.
_GZIP_LEVEL = 1
_ISAL_LEVELS = 3
_ISAL_MEMORY_LEVEL = 3
"""Of 9; 8, the default, holds 356 KB per stream instead of 163 and gains 0.1 % in size, 2 % in speed."""
_GZIP_WINDOW_BITS = 31
"""15 and the gzip header, whose time stamp stays zero: the same records give the same bytes."""
_ZSTD_LEVEL = 1
"""On JSON events twice as fast as the peer's level 3, and no larger."""
_KEPT_CONTEXTS = 4
"""Of zstd's contexts that are free; to make one takes as long as to compress 10 KB with it."""
_ZSTD_WINDOW_LOG = 16
"""At level 1 the library would keep the last 512 KB, and hold 900 KB per stream; its small table of hashes
reaches no farther than 64 KB anyway. On these events that is 310 KB, a quarter faster, 1 % smaller."""


class Compressor(Protocol):
    """Compresses one stream; for one thread at a time.

    Attributes:
        frame_bytes: So much had better come at once; 0 where there are no frames.
    """

    frame_bytes: int

    def compress(self, data: bytes) -> bytes:
        """Take data, which starts a frame if none is open; what comes back may be empty or lag behind."""
        ...

    def finish(self) -> bytes:
        """End the open frame and give its rest; without an open frame there is nothing to give."""
        ...


def tables_bytes(name: str, level: int | None = None) -> int:
    """What a frame holds once much went through it, measured; of higher levels zstd tells itself."""
    if name == "gzip" and (level or _GZIP_LEVEL) > _ISAL_LEVELS:
        return _ZLIB_TABLES_BYTES
    if name == "zstd" and level is not None and level > _ZSTD_LEVEL:
        return int(zstandard.ZstdCompressionParameters.from_level(level).estimated_compression_context_size())
    return _TABLES_BYTES[name]


FRAME_BYTES = 64 * 1024
"""From here on a frame of its own costs little: on JSON events zstd's are 0.3 % larger than one stream, those
of gzip no larger; with 8 KB it would be 5 %, with 1 KB a third."""


def compressor(name: str, level: int | None = None) -> Compressor:
    """The compressor of one object, by a name of ``SUFFIXES`` and a level of ``LEVELS``."""
    match name:
        case "gzip":
            return _Framed(partial(_gzip_frame, level or _GZIP_LEVEL))
        case "zstd":
            return _Framed(partial(_ZstdFrame, level or _ZSTD_LEVEL))
        case "snappy":
            return _Framed(XerialFrame)
    return _Uncompressed()


class _Uncompressed:
    frame_bytes = 0

    def compress(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Framed:
    frame_bytes = FRAME_BYTES

    def __init__(self, open_frame: Callable[[], Any]) -> None:
        self._open_frame = open_frame
        self._frame: Any = None

    def compress(self, data: bytes) -> bytes:
        if self._frame is None:
            self._frame = self._open_frame()
        compressed: bytes = self._frame.compress(data)
        return compressed

    def finish(self) -> bytes:
        if self._frame is None:
            return b""
        frame, self._frame = self._frame, None
        rest: bytes = frame.flush()
        return rest


def _gzip_frame(level: int) -> Any:
    if level > _ISAL_LEVELS:
        return zlib.compressobj(level=level, wbits=_GZIP_WINDOW_BITS)
    return isal_zlib.compressobj(level=level, wbits=_GZIP_WINDOW_BITS, memLevel=_ISAL_MEMORY_LEVEL)


class _ZstdFrame:
    """Borrows a context, which is made once and serves many frames."""

    _free: ClassVar[dict[int, list[zstandard.ZstdCompressor]]] = {}

    def __init__(self, level: int) -> None:
        self._home = self._free.setdefault(level, [])
        try:
            self._context = self._home.pop()
        except IndexError:
            self._context = _zstd_context(level)
        self._stream = self._context.compressobj()

    def compress(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        rest = self._stream.flush()
        if len(self._home) < _KEPT_CONTEXTS:
            self._home.append(self._context)
        return rest


def _zstd_context(level: int) -> zstandard.ZstdCompressor:
    if level > _ZSTD_LEVEL:
        return zstandard.ZstdCompressor(level=level)
    parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=_ZSTD_WINDOW_LOG)
    return zstandard.ZstdCompressor(compression_params=parameters)
