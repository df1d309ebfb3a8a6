"""Snappy as Java's ``SnappyOutputStream`` frames it: what Aiven's connector writes, not the standard framing.

A header of 16 bytes, then blocks of at most 32 KiB, each raw snappy behind its length. Java's reader takes
a header again between blocks, so streams concatenate.
"""

from __future__ import annotations

from struct import Struct

from cramjam import snappy

_HEADER = b"\x82SNAPPY\x00" + bytes([0, 0, 0, 1, 0, 0, 0, 1])
"""Magic, version, and the oldest version that can read it."""
_BLOCK_BYTES = 32 * 1024
_LENGTH = Struct(">I")


class XerialFrame:
    """One stream; blocks are full but the last, however the data came."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._header = _HEADER

    def compress(self, data: bytes) -> bytes:
        self._waiting += data
        whole = len(self._waiting) - len(self._waiting) % _BLOCK_BYTES
        ready = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        return self._blocks(ready)

    def flush(self) -> bytes:
        rest = bytes(self._waiting)
        self._waiting.clear()
        return self._blocks(rest)

    def _blocks(self, data: bytes) -> bytes:
        pieces = [self._header]
        self._header = b""
        for start in range(0, len(data), _BLOCK_BYTES):
            block = bytes(snappy.compress_raw(data[start : start + _BLOCK_BYTES]))
            pieces += (_LENGTH.pack(len(block)), block)
        return b"".join(pieces)
