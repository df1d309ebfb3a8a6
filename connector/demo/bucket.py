"""Reads back what the worker wrote, with keys of its own: the proof that nothing is missing or doubled."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from connector.demo.events import Event, event_number
from connector.demo.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_GZIP = 31
"""zlib's word for gzip, largest window."""


class Line(msgspec.Struct):
    """What the demo reads of a line."""

    value: Event


_decode_lines = msgspec.json.Decoder(Line).decode_lines


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was read back."""

    key: str
    records: int
    size_bytes: int


@dataclass
class Bucket:
    """The bucket as of the last :meth:`read_new`."""

    s3: Any
    name: str
    tally: Tally = field(default_factory=Tally)
    objects: int = 0
    size_bytes: int = 0
    sample: tuple[str, list[str]] | None = None
    """Key and first lines of one object."""
    _seen: dict[str, str] = field(default_factory=dict)

    async def read_new(self) -> AsyncIterator[StoredObject]:
        """Read the objects that appeared; all of them again if one was written anew."""
        listed = await self._list()
        if any(self._seen.get(entry["Key"], entry["ETag"]) != entry["ETag"] for entry in listed):
            self._forget()
        for entry in listed:
            if entry["Key"] not in self._seen:
                yield await self._read(entry)

    async def _list(self) -> list[Any]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry async for page in pages for entry in page.get("Contents", ())]

    async def _read(self, entry: Any) -> StoredObject:
        key: str = entry["Key"]
        answer = await self.s3.get_object(Bucket=self.name, Key=key)
        body: bytes = await answer["Body"].read()
        text, numbers = await asyncio.to_thread(_read_object, body)
        self.tally.add(numbers)
        self._seen[key] = entry["ETag"]
        self.objects += 1
        self.size_bytes += len(body)
        if self.sample is None:
            self.sample = key, [line.decode() for line in text.splitlines()[:3]]
        return StoredObject(key, len(numbers), len(body))

    def _forget(self) -> None:
        self.tally = Tally()
        self.objects = self.size_bytes = 0
        self._seen.clear()


def _read_object(body: bytes) -> tuple[bytes, list[int]]:
    text = b"".join(_members(body))
    return text, [event_number(line.value.id) for line in _decode_lines(text)]


def _members(body: bytes) -> Iterator[bytes]:
    """A gzip file may be several, one behind the other."""
    while body:
        member = zlib.decompressobj(_GZIP)
        yield member.decompress(body)
        body = member.unused_data
