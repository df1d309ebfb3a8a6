"""Date patterns as Java's ``SimpleDateFormat`` has them in English and UTC, to print and to read times.

It differs from ``DateTimeFormatter``, which object names use: ``S`` is a number of milliseconds, ``u`` a day
of the week, reading is lenient (month 13 is January), takes digits as they come and ignores what follows.
Weeks of a year or month depend on the locale and are refused.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS = 86_400_000, 3_600_000, 60_000, 1000
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_SHORT = 3
_NOON = 12
_ZONES = {"UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7}
_ZONES |= {"MDT": -6, "PST": -8, "PDT": -7}
_ISO_LENGTHS = {1: r"[+-]\d\d", 2: r"[+-]\d\d\d\d", 3: r"[+-]\d\d:\d\d"}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']", re.ASCII)
_MOST_YEARS_AHEAD = 20
"""Years of two digits are at most so far ahead, as in Java."""


class _Field(NamedTuple):
    letter: str
    width: int

    @property
    def is_number(self) -> bool:
        return self.letter in "yudkHmsSDFhK" or (self.letter in "ML" and self.width < _SHORT)

    @property
    def step_ms(self) -> int:
        return {"S": 1, "s": SECOND_MS, "m": MINUTE_MS}.get(self.letter, HOUR_MS)


class SimpleDate:
    """A parsed pattern.

    Attributes:
        text: As it was written.
        step_ms: What it prints stays the same for multiples of this long.
    """

    def __init__(self, text: str) -> None:
        """Parse ``text``; raises ValueError with the reason if it holds what is not supported."""
        self.text = text
        self._fields = list(_fields(text))
        self.step_ms = min(
            (each.step_ms for each in self._fields if isinstance(each, _Field)), default=HOUR_MS
        )
        self._writers = [each if isinstance(each, str) else _writer(each) for each in self._fields]
        # Records that follow each other are mostly of the same second.
        self._text_of = lru_cache(1000)(self._written)
        self._reader: re.Pattern[str] | None = None

    def format(self, millis: int) -> str:
        """The text of a time in milliseconds since the epoch.

        Raises:
            ValueError: It is in no year from 1 to 9999.
        """
        return self._text_of(millis // self.step_ms)

    def _written(self, step: int) -> str:
        moment = moment_of(step * self.step_ms)
        return "".join([each if isinstance(each, str) else each(moment) for each in self._writers])

    def parse(self, text: str) -> int:
        """Milliseconds since the epoch; raises ValueError if the text does not begin as the pattern does."""
        if self._reader is None:
            self._reader = re.compile("".join(self._patterns()), re.IGNORECASE | re.ASCII)
        found = self._reader.match(text)
        if found is None:
            raise ValueError(
                f"Could not parse timestamp: value ({text}) does not match pattern ({self.text})"
            )
        parts = {
            field.letter: (text, field) for field, text in zip(self._named(), found.groups(), strict=True)
        }
        try:
            return _millis(parts)
        except OverflowError:
            raise ValueError(f"{text} is in no year from 1 to 9999") from None

    def _named(self) -> list[_Field]:
        return [each for each in self._fields if isinstance(each, _Field)]

    def _patterns(self) -> Iterator[str]:
        for each, following in zip(self._fields, [*self._fields[1:], ""], strict=True):
            if isinstance(each, str):
                # Letters of the pattern count as they are written, unlike names.
                yield f"(?-i:{re.escape(each)})"
            else:
                abuts = isinstance(following, _Field) and following.is_number
                yield rf"[ \t]*({_shape(each, abuts=abuts)})"


def moment_of(millis: int) -> datetime:
    """A time since the epoch; raises ValueError if it is in no year from 1 to 9999."""
    try:
        return EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        raise ValueError(f"{millis} ms since 1970 is in no year from 1 to 9999") from None


def check_simple_date(text: str) -> None:
    """A validator of options."""
    SimpleDate(text)


def _fields(text: str) -> Iterator[_Field | str]:
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        if match[1] is not None:
            yield match[1].replace("''", "'") or "'"
        elif match[2]:
            yield _field(match[2], len(match[0]))
        else:
            yield match[0]
    if end != len(text):
        raise ValueError("Unterminated quote")


def _field(letter: str, count: int) -> _Field:
    if letter in "wWY":
        raise ValueError(f"has {letter}, which counts weeks and depends on the locale: use y, M, d or D")
    if letter not in _WRITE and letter not in "yuXzZ":
        raise ValueError(f"Illegal pattern character '{letter}'")
    if letter == "X" and count not in _ISO_LENGTHS:
        raise ValueError(f"invalid ISO 8601 format: length={count}")
    return _Field(letter, count)


def _writer(field: _Field) -> Callable[[datetime], str]:
    letter, width = field
    if letter == "y":
        return lambda moment: f"{moment.year % 100:02}" if width == 2 else f"{moment.year:0{width}}"  # noqa: PLR2004
    if letter in "ML" and width >= _SHORT:
        return lambda moment: _name(_MONTHS[moment.month - 1], width)
    if letter in "EaGXZz":
        write_text = _TEXTS[letter]
        return lambda moment: write_text(moment, width)
    write = _WRITE[letter]
    return lambda moment: f"{write(moment):0{width}}"


def _name(name: str, count: int) -> str:
    return name if count > _SHORT else name[:_SHORT]


_WRITE: dict[str, Callable[[datetime], int]] = {
    "M": lambda moment: moment.month,
    "L": lambda moment: moment.month,
    "d": lambda moment: moment.day,
    "D": lambda moment: moment.timetuple().tm_yday,
    "F": lambda moment: (moment.day - 1) // 7 + 1,
    "u": lambda moment: moment.isoweekday(),
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "K": lambda moment: moment.hour % _NOON,
    "h": lambda moment: moment.hour % _NOON or _NOON,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
    "S": lambda moment: moment.microsecond // 1000,
    "E": lambda moment: moment.weekday(),
    "a": lambda moment: moment.hour // _NOON,
    "G": lambda _: 1,
}
_TEXTS: dict[str, Callable[[datetime, int], str]] = {
    "E": lambda moment, count: _name(_DAYS[moment.weekday()], count),
    "a": lambda moment, _: "PM" if moment.hour >= _NOON else "AM",
    "G": lambda *_: "AD",
    "X": lambda *_: "Z",
    "Z": lambda *_: "+0000",
    "z": lambda _, count: "Coordinated Universal Time" if count > _SHORT else "UTC",
}


def _shape(field: _Field, *, abuts: bool) -> str:
    if field.is_number:
        # Possessive: Java takes what it can get, and never gives back.
        return rf"\d{{1,{field.width}}}+" if abuts else r"\d++"
    if field.letter in _NAMES:
        return _NAMES[field.letter]
    if field.letter == "X":
        return f"(?-i:Z)|{_ISO_LENGTHS[field.width]}"
    return rf"(?:GMT|UTC)?[+-]\d\d?:?\d\d|{'|'.join(sorted(_ZONES, key=len, reverse=True))}"


def _either(names: list[str]) -> str:
    return "|".join([*names, *(name[:_SHORT] for name in names)])


_NAMES = {"M": _either(_MONTHS), "L": _either(_MONTHS), "E": _either(_DAYS), "a": "AM|PM", "G": "AD"}


def _millis(parts: dict[str, tuple[str, _Field]]) -> int:
    numbers = {letter: int(text) for letter, (text, field) in parts.items() if field.is_number}
    year = _year(*parts["y"]) if "y" in parts else 1970
    month = numbers.get("M", numbers.get("L", 0)) or _month(parts.get("M") or parts.get("L"))
    # Lenient as Java's calendar: what exceeds its field goes on in the next.
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    try:
        first = date(year, month, 1)
    except ValueError:
        raise OverflowError from None
    days = (first - EPOCH.date()).days + numbers.get("d", 1) - 1
    if "D" in numbers and "d" not in numbers:
        days = (date(year, 1, 1) - EPOCH.date()).days + numbers["D"] - 1
    millis = days * DAY_MS + _hour(numbers, parts) * HOUR_MS
    millis += numbers.get("m", 0) * MINUTE_MS + numbers.get("s", 0) * SECOND_MS + numbers.get("S", 0)
    zone = next((parts[letter][0] for letter in "XZz" if letter in parts), "Z")
    return millis - _offset_minutes(zone) * MINUTE_MS


def _year(text: str, field: _Field) -> int:
    year = int(text)
    if field.width > 2 or len(text) != 2:  # noqa: PLR2004 - of two digits
        return year
    latest = datetime.now(UTC).year + _MOST_YEARS_AHEAD
    return latest - (latest - year) % 100


def _month(found: tuple[str, _Field] | None) -> int:
    if found is None:
        return 1
    text, field = found
    if field.is_number:
        return int(text)
    return 1 + [month[:_SHORT].lower() for month in _MONTHS].index(text[:_SHORT].lower())


def _hour(numbers: dict[str, int], parts: dict[str, tuple[str, _Field]]) -> int:
    if "H" in numbers:
        return numbers["H"]
    if "k" in numbers:
        return 0 if numbers["k"] == 2 * _NOON else numbers["k"]
    hour = numbers.get("h", numbers.get("K", 0))
    hour = 0 if hour == _NOON and "h" in numbers else hour
    return hour + (_NOON if "a" in parts and parts["a"][0].upper() == "PM" else 0)


def _offset_minutes(zone: str) -> int:
    if (known := _ZONES.get(zone.upper())) is not None:
        return known * 60
    sign, digits = (-1 if "-" in zone else 1), re.sub(r"\D", "", zone)
    digits = digits if len(digits) > 2 else f"{digits}00"  # noqa: PLR2004 - hours alone
    return sign * (int(digits[:-2]) * 60 + int(digits[-2:]))
