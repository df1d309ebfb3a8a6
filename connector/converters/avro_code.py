"""Reads Avro by a function that is written for one schema.

A library that takes any schema asks for every field of every record what it is: measured on records of four
fields, fastavro takes 1.8 µs, and a function that has the answers in it 1.0 µs. What such a function does not
know (unions of several types, deep nesting) has none, and a value on which one fails is given to fastavro,
which alone decides what is wrong with it.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fastavro.read import LOGICAL_READERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_TYPES = 500
"""Source grows with the schema, and with each use of a named type."""
_DEEPEST = 8
"""Python has a limit for loops within loops."""
_MOST_SYMBOLS = 64
"""Whose index has one byte."""
_LONGEST = 63
"""Bits of a number; what is longer is left to fastavro."""


class _NotPlainError(Exception):
    """The schema has something in it that there is no source for."""


def compiled(avro: Any, slow: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """What reads values of this schema.

    Args:
        avro: A schema as :class:`~connector.converters.avro_data.AvroData` makes it anew.
        slow: Reads any value of it; also the result if there is no faster way.
    """
    try:
        source = _Source(avro)
    except _NotPlainError:
        return slow
    names = {**_NAMES, **source.constants, "slow": slow}
    # Nothing of the schema is in the source but numbers: texts are constants beside it.
    exec(source.text, names)  # noqa: S102
    read: Callable[[bytes], Any] = names["read"]
    return read


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of several bytes that began before ``at``, and where it ends."""
    found, shift = data[at - 1] & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return found, at
        shift += 7
        if shift >= _LONGEST:
            raise OverflowError


def _length(data: bytes, at: int) -> tuple[int, int]:
    found, at = _varint(data, at) if data[at - 1] & 0x80 else (data[at - 1], at)
    if found & 1:
        raise ValueError("negative")
    return found, at


_NAMES: dict[str, Any] = {
    "varint": _varint,
    "length": _length,
    "double": struct.Struct("<d").unpack_from,
    "single": struct.Struct("<f").unpack_from,
    "truth": (False, True),
}


class _Source:
    """The source of one function; ``d`` is the value, ``p`` where it is read."""

    def __init__(self, avro: Any) -> None:
        self.constants: dict[str, Any] = {}
        self._named: dict[str, Any] = {}
        self._lines: list[str] = []
        self._indent = 2
        self._depth = 0
        self._count = 0
        result = self._value(avro)
        body = "\n".join(self._lines)
        self.text = (
            "def read(d):\n"
            "  p = 0\n"
            f"  try:\n{body}\n"
            "    if p > len(d): raise EOFError\n"
            f"    return {result}\n"
            "  except Exception:\n"
            "    return slow(d)\n"
        )

    def _value(self, avro: Any) -> str:
        """Source that reads a value; the name that the value then has."""
        self._count += 1
        self._depth += 1
        if self._count > _MOST_TYPES or self._depth > _DEEPEST:
            raise _NotPlainError
        name = f"v{self._count}"
        if isinstance(avro, str) and avro in self._named:
            avro = self._named[avro]
        if isinstance(avro, list):
            self._union(avro, name)
        elif isinstance(avro, str):
            self._add(*_primitive(avro, name))
        else:
            self._complex(avro, name)
        self._depth -= 1
        return name

    def _complex(self, avro: dict[str, Any], name: str) -> None:
        kind = avro["type"]
        if "name" in avro:
            self._named[avro["name"]] = avro
        match kind:
            case "record":
                fields = [
                    (self._constant(each["name"]), self._value(each["type"])) for each in avro["fields"]
                ]
                self._add(f"{name} = {{{', '.join(f'{key}: {value}' for key, value in fields)}}}")
            case "enum" if len(avro["symbols"]) <= _MOST_SYMBOLS:
                symbols = self._constant(tuple(avro["symbols"]))
                self._add("n = d[p]; p += 1", "if n & 129: raise ValueError", f"{name} = {symbols}[n >> 1]")
            case "fixed":
                # A slice ends at the end of the value without a word, and a loop around it would not end.
                self._add(f"e = p + {avro['size']:d}", "if e > len(d): raise EOFError")
                self._add(f"{name} = d[p:e]; p = e")
            case "array":
                with self._items(f"{name} = []"):
                    self._add(f"{name}.append({self._value(avro['items'])})")
            case "map":
                with self._items(f"{name} = {{}}"):
                    key = self._value("string")
                    self._add(f"{name}[{key}] = {self._value(avro['values'])}")
            case "int" | "long" if "logicalType" in avro:
                convert = LOGICAL_READERS[f"{kind}-{avro['logicalType']}"]
                number = self._value(kind)
                self._add(f"{name} = {self._constant(convert)}({number}, None, None)")
            case _:
                raise _NotPlainError

    def _union(self, members: list[Any], name: str) -> None:
        if len(members) != 2 or "null" not in members:  # noqa: PLR2004 - null and one other
            raise _NotPlainError
        null = members.index("null")
        self._add("n = d[p]; p += 1", f"if n == {2 * null}: {name} = None", f"elif n == {2 - 2 * null}:")
        self._indent += 1
        self._add(f"{name} = {self._value(members[1 - null])}")
        self._indent -= 1
        self._add("else: raise ValueError")

    @contextmanager
    def _items(self, empty: str) -> Iterator[None]:
        """What is written within reads one item of an array or a map, which comes in counted blocks."""
        left = f"c{self._count}"
        self._add(empty, "while True:")
        self._indent += 1
        self._add("n, p = length(d, p + 1)", "if not n: break", f"for {left} in range(n >> 1):")
        self._indent += 1
        yield
        self._indent -= 2

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def _add(self, *lines: str) -> None:
        self._lines += ["  " * self._indent + line for line in lines]


def _primitive(kind: str, name: str) -> list[str]:
    match kind:
        case "string" | "bytes":
            decode = ".decode()" if kind == "string" else ""
            text = ["n = d[p]; p += 1", "if n & 129: n, p = length(d, p)", "e = p + (n >> 1)"]
            return [*text, f"{name} = d[p:e]{decode}; p = e"]
        case "int" | "long":
            number = ["n = d[p]; p += 1", "if n & 128: n, p = varint(d, p)"]
            return [*number, f"{name} = (n >> 1) ^ -(n & 1)"]
        case "double":
            return [f"{name}, = double(d, p); p += 8"]
        case "float":
            return [f"{name}, = single(d, p); p += 4"]
        case "boolean":
            return [f"{name} = truth[d[p]]; p += 1"]
        case "null":
            return [f"{name} = None"]
    raise _NotPlainError
