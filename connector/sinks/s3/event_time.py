"""When a record happened: by its timestamp, a header, or a field of its value."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from connector.sinks.s3.pattern import DatePattern
from connector.sinks.variable import fields, headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.record import RecordBatch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNITS_MS: dict[str, float] = {"epoch_s": 1000, "epoch_ms": 1, "epoch_us": 1e-3, "epoch_ns": 1e-6}
_WHOLE_OR_DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)

COLUMNS = {"event": "timestamps", "header": "headers", "field": "values"}
"""Where each source looks."""


class EventTime:
    """Reads the time of each record, in milliseconds since the epoch.

    Attributes:
        column: The column of a batch that is looked at.
    """

    def __init__(
        self,
        source: str,
        name: str,
        form: str | None,
        zone: tzinfo,
        *,
        option: str = "file.name.timestamp.source",
    ) -> None:
        """Take checked options.

        Args:
            source: A name of ``COLUMNS``.
            name: Of the header or field.
            form: ``epoch_ms``, ``epoch_s``, ``epoch_us``, ``epoch_ns``, ``iso``, a pattern, or None: numbers
                are milliseconds then, text is ISO 8601.
            zone: Where text without an offset is from.
            option: That asks for the source.
        """
        self._option = option
        self.column = COLUMNS[source]
        self._source = source
        self._name = name
        self._zone = zone
        self._read_text = self._text_reader(form)
        self._unit_ms = _UNITS_MS.get(form or "", 1)

    def read(self, batch: RecordBatch) -> tuple[Sequence[int | None], dict[int, str]]:
        """The time of each record; of those that have none, by position, what is wrong."""
        if self._source == "event":
            times = batch.timestamps
            if None not in times:
                return times, {}
            reason = f"has no timestamp, which {self._option}=event needs"
            return times, {index: reason for index, at in enumerate(times) if at is None}
        found: list[int | None] = []
        faults: dict[int, str] = {}
        for index, value in enumerate(self._values(batch)):
            try:
                found.append(self._milliseconds(value))
            except (ValueError, TypeError, OverflowError) as error:
                found.append(None)
                faults[index] = f"has no time for its object's name: the {self._source} {self._name} {error}"
        return found, faults

    def _values(self, batch: RecordBatch) -> list[Any]:
        if self._source == "header":
            return headers(self._name, batch)
        try:
            return fields(self._name, batch.values)
        except ValueError:
            return [_field_or_error(self._name, value) for value in batch.values]

    def _milliseconds(self, value: Any) -> int:
        match value:
            case bool() | None:
                raise ValueError("is missing" if value is None else "is no time")
            case ValueError():
                raise value
            case int() | float():
                return int(value * self._unit_ms)
            case datetime():
                return self._of_datetime(value)
            case date():
                return self._of_datetime(datetime(value.year, value.month, value.day, tzinfo=UTC))
            case bytes():
                return self._read_text(value.decode())
            case str():
                return self._read_text(value)
        raise ValueError("is no time")

    def _text_reader(self, form: str | None) -> Callable[[str], int]:
        if form in _UNITS_MS:
            return self._of_number
        if form == "iso":
            return self._of_iso
        if form is not None:
            pattern = DatePattern(form)
            return lambda text: pattern.parse(text, self._zone)
        return lambda text: self._of_number(text) if _WHOLE_OR_DECIMAL.fullmatch(text) else self._of_iso(text)

    def _of_number(self, text: str) -> int:
        if not _WHOLE_OR_DECIMAL.fullmatch(text):
            raise ValueError("is no number")
        return int((float(text) if "." in text else int(text)) * self._unit_ms)

    def _of_iso(self, text: str) -> int:
        try:
            return self._of_datetime(datetime.fromisoformat(text))
        except ValueError:
            raise ValueError("is no time of ISO 8601") from None

    def _of_datetime(self, moment: datetime) -> int:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
        return (aware - _EPOCH) // _MILLISECOND


def _field_or_error(name: str, value: Any) -> Any:
    try:
        return fields(name, [value])[0]
    except ValueError:
        return ValueError("cannot be read: the value is no JSON")


def legal_format(text: str) -> None:
    """A validator of options; raises ValueError."""
    if text not in _UNITS_MS and text != "iso":
        DatePattern(text).check_readable()
