"""Connect's guess of what a text stands for: a number, a date, a list, a map, or the text itself.

The rules are those of ``Values.parseString`` of Apache Kafka 4.3, surprises included: whatever follows a
complete number, date, list or map is ignored (``1,2`` is 1), and a list with both nulls and other elements
stays text. Moments are read in UTC, where Java takes the zone of its machine.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from connector.float32 import narrowed

_TOKEN = re.compile(r'(?:\\.|[^\\:,{}\[\]"]|\\$)+|[:,{}\[\]"]', re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,10})?")
_LITERALS = {"null": None, "true": True, "false": False}
_SPACE = "".join(map(chr, range(33)))
"""What Java's ``trim`` takes away."""
_LONG = 1 << 63
_BIGGER_THAN_LONG = Decimal("1e19")
_LARGEST_SCALE = (1 << 31) - 1

_DATE = r"(?P<year>\d+)-(?P<month>\d+)-(?P<day>\d+)"
_TIME = r"(?P<hour>\d+):(?P<minute>\d+):(?P<second>\d+)\.(?P<milli>\d+)Z"
_TEMPORAL = {
    len("HH:mm:ss.SSSZ"): re.compile(_TIME),
    len("yyyy-MM-ddTHH:mm:ss.SSSZ"): re.compile(f"{_DATE}T{_TIME}"),
    len("yyyy-MM-dd"): re.compile(_DATE),
}


def parse_literal(text: str) -> Any:
    """The value that Connect takes ``text`` for.

    Raises:
        RecursionError: Lists or maps are nested too deeply to be looked at.
    """
    return _Parser(text).parse(embedded=False) if text else text


class _NoValueError(Exception):
    """Here is no list, map or element; it is text after all."""


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def parse(self, *, embedded: bool) -> Any:
        if not self._has_next():
            return None
        if embedded and self._takes('"'):
            return self._quoted()
        for literal, value in _LITERALS.items():
            if self._takes_literal(literal, embedded=embedded):
                return value
        start = self._at
        try:
            if self._takes("["):
                return self._array()
            if self._takes("{"):
                return self._map()
        except _NoValueError:
            self._at = start
        token = self._next()
        trimmed = token.strip(_SPACE)
        return self._scalar(trimmed, embedded=embedded) if trimmed else token

    def _scalar(self, token: str, *, embedded: bool) -> Any:
        if token[0].isdecimal():
            # Colons cut a time in five tokens.
            five = token + "".join(self._tokens[self._at : self._at + 4])
            if self._at + 4 <= len(self._tokens) and (moment := _moment(five)) is not None:
                self._at += 4
                return moment
            if (moment := _moment(token)) is not None:
                return moment
        if (token[0].isdecimal() or token[0] in "+-") and (number := _number(token)) is not None:
            return number
        if embedded:
            raise _NoValueError
        return self._text

    def _quoted(self) -> Any:
        content = ""
        while self._has_next() and not self._takes('"'):
            content += self._next()
        moment = _moment(content)
        return content if moment is None else moment

    def _array(self) -> list[Any]:
        found: list[Any] = []
        while self._has_next():
            if self._takes("]"):
                return _aligned(found)
            if self._takes(","):
                raise _NoValueError
            found.append(self.parse(embedded=True))
            before = self._at
            if self._takes("]"):
                self._at = before
            elif not self._takes(","):
                raise _NoValueError
        raise _NoValueError

    def _map(self) -> dict[Any, Any]:
        keys: list[Any] = []
        values: list[Any] = []
        while self._has_next():
            if self._takes("}"):
                return _aligned_map(keys, values)
            if self._takes(","):
                raise _NoValueError
            key = self.parse(embedded=True)
            if key is None or not self._takes(":"):
                raise _NoValueError
            keys.append(key)
            values.append(self.parse(embedded=True))
            self._takes(",")
        raise _NoValueError

    def _has_next(self) -> bool:
        return self._at < len(self._tokens)

    def _next(self) -> str:
        token: str = self._tokens[self._at]
        self._at += 1
        return token

    def _takes(self, expected: str) -> bool:
        """Whether this token is next, which then is taken; blanks before it go either way."""
        while self._at + 1 < len(self._tokens) and not self._tokens[self._at].strip(_SPACE):
            self._at += 1
        is_next = self._has_next() and self._tokens[self._at].strip(_SPACE) == expected
        self._at += is_next
        return is_next

    def _takes_literal(self, literal: str, *, embedded: bool) -> bool:
        before = self._at
        if self._takes(literal):
            if embedded or not self._has_next():
                return True
            self._at = before
        return False


def _number(token: str) -> int | float | Decimal | None:
    if not _NUMBER.fullmatch(token):
        return None
    number = Decimal(token)
    scale = -int(number.as_tuple().exponent)
    if abs(scale) > _LARGEST_SCALE:
        return None
    if (whole := _whole(number)) is not None:
        return whole
    if scale:
        single, double = narrowed(float(number)), float(number)
        if not math.isinf(single):
            return single
        if not math.isinf(double):
            return double
    return number


def _whole(number: Decimal) -> int | None:
    size = abs(number)
    if size > _BIGGER_THAN_LONG or 0 < size < 1:
        return None
    integer = int(number)
    return integer if integer == number and -_LONG <= integer < _LONG else None


def _moment(token: str) -> Any:
    """A date, time or datetime; days and hours beyond their bounds carry over, as in Java."""
    text = token.replace("\\:", ":")
    pattern = _TEMPORAL.get(len(text))
    match = pattern.match(text) if pattern else None
    if match is None:
        return None
    parts = {name: int(digits) for name, digits in match.groupdict().items()}
    clock = timedelta(
        hours=parts.get("hour", 0),
        minutes=parts.get("minute", 0),
        seconds=parts.get("second", 0),
        milliseconds=parts.get("milli", 0),
    )
    try:
        return _at(parts, clock)
    except (OverflowError, ValueError):
        # Java has moments that Python has not: they stay text.
        return None


def _at(parts: dict[str, int], clock: timedelta) -> Any:
    if "year" not in parts:
        if clock >= timedelta(days=1):
            return None
        return (datetime(1970, 1, 1, tzinfo=UTC) + clock).time()
    years, month = divmod(parts["month"] - 1, 12)
    day = datetime(parts["year"] + years, month + 1, 1, tzinfo=UTC) + timedelta(days=parts["day"] - 1)
    return day + clock if "hour" in parts else day.date()


def _kind(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def _aligned(found: list[Any]) -> list[Any]:
    """Elements of one type; numbers become floats where one of them is."""
    present = [each for each in found if each is not None]
    if len({_kind(each) for each in present}) != 1:
        return found
    if len(present) != len(found):
        _refuse_nulls()
    if _kind(present[0]) is float and any(isinstance(each, float) for each in present):
        return [float(each) for each in found]
    return found


def _refuse_nulls() -> NoReturn:
    raise _NoValueError


def _aligned_map(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    if any(isinstance(key, list | dict) for key in keys):
        # Neither formats nor Python have maps with such keys.
        raise _NoValueError
    has_common_key = len({_kind(key) for key in keys}) == 1
    kept = dict(zip(keys, values, strict=True))
    if not has_common_key:
        return kept
    return dict(zip(_aligned(list(kept)), _aligned(list(kept.values())), strict=True))
