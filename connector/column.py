"""A column of JSON values that stay text until somebody looks at one.

Decoding a small JSON object and encoding it again costs more than everything else that is done to a
record. Most pipelines do neither: the text that was produced is the text that is stored. So the JSON
converter only checks the text, and this column carries it on. Code that knows nothing about it sees a
sequence of plain Python values.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_decode = msgspec.json.Decoder().decode


class JsonColumn(Sequence[Any]):
    """Valid JSON texts that decode on first access, all at once.

    Whoever has seen the decoded values may have changed them in place. So from that moment they are the
    truth and :attr:`texts` is gone: a format then encodes the values, and no change is silently lost.
    """

    __slots__ = ("_texts", "_values")

    def __init__(self, texts: list[bytes | None]) -> None:
        """Take texts as they are.

        Args:
            texts: One JSON text per record, valid UTF-8 without line breaks; None is a null value. The
                column owns the list.
        """
        self._texts = texts
        self._values: list[Any] | None = None

    @property
    def texts(self) -> list[bytes | None] | None:
        """The JSON text of each record, or None once a value has been looked at."""
        return self._texts if self._values is None else None

    def nulls(self) -> list[bool]:
        """Which values are null, without looking at the others."""
        return [text is None or text.strip() == b"null" for text in self._texts]

    def select(self, indices: Sequence[int]) -> Sequence[Any]:
        """The values at these positions, still as text if nobody has looked at them."""
        if self._values is not None:
            return [self._values[index] for index in indices]
        return JsonColumn([self._texts[index] for index in indices])

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._decoded())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._decoded()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._decoded() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"JsonColumn({self._texts!r})"

    def _decoded(self) -> list[Any]:
        if self._values is None:
            self._values = [None if text is None else decode_json(text) for text in self._texts]
        return self._values


def decode_json(text: bytes) -> Any:
    """The value of a JSON text; integers of any size stay exact, ``1e999`` is infinity as in Java.

    Raises:
        ValueError: It is no JSON, or nested too deeply to be read.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
