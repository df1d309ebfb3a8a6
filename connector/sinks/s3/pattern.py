"""Date patterns as Java's ``DateTimeFormatter`` writes them, to print times and to read them.

The letters that data lakes use: years to fractions of a second, names in English, offsets. What depends on
a locale or on weeks is refused, and so is what would print something else than Java does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_SHORT = 3
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']", re.ASCII)
_PIVOT = 2000
"""Years of two digits are of this century, as in Java."""


class _Field(NamedTuple):
    """One run of a pattern letter.

    Attributes:
        write: The text of a moment.
        read: What it looks like, as a regular expression.
        name: Of the part of a time that it is, where reading needs it.
        step_ms: How long its text stays the same at least.
    """

    write: Callable[[datetime], str]
    read: str
    name: str = ""
    step_ms: int = HOUR_MS


class DatePattern:
    """A parsed pattern.

    Attributes:
        text: As it was written.
        step_ms: What it prints stays the same for multiples of this long: an hour, a minute, a second or a
            millisecond.
    """

    def __init__(self, text: str) -> None:
        """Parse ``text``; raises ValueError with the reason if it holds what is not supported."""
        self.text = text
        self._fields = list(_fields(text))
        self.step_ms = min((field.step_ms for field in self._fields), default=HOUR_MS)
        self._reader: re.Pattern[str] | None = None

    def format(self, moment: datetime) -> str:
        return "".join([field.write(moment) for field in self._fields])

    def check_readable(self) -> None:
        """Raises ValueError if its texts do not tell a moment."""
        names = [field.name for field in self._fields if field.name]
        if "year" not in names and "yy" not in names:
            raise ValueError("cannot be read: it has no year")
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"cannot be read: it has the {min(doubled)} more than once")

    def parse(self, text: str, zone: tzinfo) -> int:
        """Milliseconds since the epoch; raises ValueError if the text does not fit.

        Args:
            text: What stands in the record.
            zone: Where texts without an offset are from.
        """
        if self._reader is None:
            self._reader = re.compile(
                "".join(
                    f"(?P<{field.name}>{field.read})" if field.name else field.read for field in self._fields
                )
            )
        found = self._reader.fullmatch(text)
        if found is None:
            raise ValueError(f"does not fit {self.text}")
        return (_moment(found.groupdict(), zone) - _EPOCH) // _MILLISECOND


def _fields(text: str) -> Iterator[_Field]:
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        if match[1] is not None:
            yield _literal(match[1].replace("''", "'") or "'")
        elif match[2]:
            yield _field(match[0])
        else:
            yield _literal(match[0])
    if end != len(text):
        raise ValueError("has a quote that does not close")


def _literal(text: str) -> _Field:
    return _Field(lambda _: text, re.escape(text))


def _field(run: str) -> _Field:
    if run[0] == "Y":
        raise ValueError("has Y, the year of the week, which is wrong around New Year: use y")
    found = _FIELDS.get(run)
    if found is None:
        if set(run) == {"S"}:
            return _fraction(len(run))
        raise ValueError(f"has {run}, which is not supported; there are {', '.join(_FIELDS)} and S")
    return found


def _fraction(digits: int) -> _Field:
    def write(moment: datetime) -> str:
        return f"{moment.microsecond:06}".ljust(digits, "0")[:digits]

    return _Field(write, rf"\d{{{digits}}}", "fraction", 1)


def _number(attribute: str, digits: int, step_ms: int = HOUR_MS) -> _Field:
    read = rf"\d{{{digits}}}" if digits > 1 else r"\d{1,2}"
    return _Field(lambda moment: f"{getattr(moment, attribute):0{digits}}", read, attribute, step_ms)


def _offset(colon: str, zero: str | None) -> _Field:
    def write(moment: datetime) -> str:
        shift = moment.utcoffset() or timedelta()
        if not shift and zero is not None:
            return zero
        minutes = abs(shift) // timedelta(minutes=1)
        return f"{'-' if shift < timedelta() else '+'}{minutes // 60:02}{colon}{minutes % 60:02}"

    read = rf"[+-]\d\d{colon}\d\d" + (f"|{zero}" if zero else "")
    return _Field(write, read, "offset", MINUTE_MS)


def _half_day_hour(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _short_offset(moment: datetime) -> str:
    text = _offset("", "Z").write(moment)
    return text.removesuffix("00") if len(text) > _SHORT else text


_FIELDS: dict[str, _Field] = {
    **dict.fromkeys(("yyyy", "uuuu"), _Field(lambda moment: f"{moment.year:04}", r"\d{4}", "year")),
    **dict.fromkeys(("yy", "uu"), _Field(lambda moment: f"{moment.year % 100:02}", r"\d\d", "yy")),
    "M": _number("month", 1),
    "MM": _number("month", 2),
    "MMM": _Field(
        lambda moment: _MONTHS[moment.month - 1][:_SHORT],
        "|".join(month[:_SHORT] for month in _MONTHS),
        "month_name",
    ),
    "MMMM": _Field(lambda moment: _MONTHS[moment.month - 1], "|".join(_MONTHS), "month_name"),
    "d": _number("day", 1),
    "dd": _number("day", 2),
    "DDD": _Field(lambda moment: f"{moment.timetuple().tm_yday:03}", r"\d{3}", "day_of_year"),
    **dict.fromkeys(
        ("E", "EE", "EEE"),
        _Field(
            lambda moment: _DAYS[moment.weekday()][:_SHORT], f"(?:{'|'.join(day[:_SHORT] for day in _DAYS)})"
        ),
    ),
    "EEEE": _Field(lambda moment: _DAYS[moment.weekday()], f"(?:{'|'.join(_DAYS)})"),
    "H": _number("hour", 1),
    "HH": _number("hour", 2),
    "hh": _Field(lambda moment: f"{_half_day_hour(moment):02}", r"\d\d", "half_day_hour"),
    "a": _Field(lambda moment: "PM" if moment.hour >= 12 else "AM", "AM|PM", "half_day"),  # noqa: PLR2004
    "m": _number("minute", 1, MINUTE_MS),
    "mm": _number("minute", 2, MINUTE_MS),
    "s": _number("second", 1, SECOND_MS),
    "ss": _number("second", 2, SECOND_MS),
    "X": _Field(_short_offset, r"[+-]\d\d(?:\d\d)?|Z", "offset", MINUTE_MS),
    "XX": _offset("", "Z"),
    "XXX": _offset(":", "Z"),
    "xx": _offset("", None),
    "xxx": _offset(":", None),
    "Z": _offset("", None),
}
"""Every run of letters, fractions apart."""


def _moment(parts: dict[str, str], zone: tzinfo) -> datetime:
    year = int(parts.get("year") or _PIVOT + int(parts.get("yy", 0)))
    month = int(parts.get("month") or _month(parts.get("month_name")))
    found = datetime(
        year,
        month,
        int(parts.get("day", 1)),
        _hour(parts),
        int(parts.get("minute", 0)),
        int(parts.get("second", 0)),
        int(parts.get("fraction", "0").ljust(6, "0")[:6]),
        tzinfo=_zone(parts.get("offset")) or zone,
    )
    if day := parts.get("day_of_year"):
        found += timedelta(days=int(day) - 1)
    return found.astimezone(UTC)


def _month(name: str | None) -> int:
    return 1 + [month[:_SHORT] for month in _MONTHS].index(name[:_SHORT]) if name else 1


def _hour(parts: dict[str, str]) -> int:
    if "half_day_hour" in parts:
        return int(parts["half_day_hour"]) % 12 + (12 if parts.get("half_day") == "PM" else 0)
    return int(parts.get("hour", 0))


def _zone(offset: str | None) -> tzinfo | None:
    if offset is None:
        return None
    if offset == "Z":
        return UTC
    return datetime.strptime(offset if len(offset) > _SHORT else f"{offset}00", "%z").tzinfo
