"""Which templates of object names are legal: everything is refused before the start.

The peer's later versions check too little: a template without a unit then fails at the first record.
The rules here are those of its 2.15, the version that most existing configurations were written for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sinks.s3.object_key import MAX_KEY_BYTES, climbs
from connector.sinks.s3.pattern import DatePattern
from connector.sinks.s3.template import Placeholder, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESERVED = ".well-known/acme-challenge"
_WEEK_YEAR = re.compile(r"(\{\{\s*timestamp:unit=)YYYY(\s*\}\})", re.ASCII)
_SETS = (
    "topic,partition,start_offset,timestamp; topic,partition,key,start_offset,timestamp; key;"
    " key,topic,partition"
)
_UNITS = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_PARAMETERS = {
    "partition": ("padding", ("true", "false")),
    "start_offset": ("padding", ("true", "false")),
    "timestamp": ("unit", _UNITS),
}
_NAMED_BY_OFFSET = {"topic", "partition", "start_offset"}
_ORIGINAL = "original_topic"
_FIELDS = {"header:", "key:", "value:"}


def legal_template(text: str) -> None:
    if text.startswith(_RESERVED):
        raise ValueError(f"An object name must not start with {_RESERVED}, which certificate checks use.")
    template = template_from(text)
    if len(template.render(dict.fromkeys(template.placeholders, "")).encode()) >= MAX_KEY_BYTES:
        raise ValueError(f"An object name may have {MAX_KEY_BYTES} bytes, and the fixed text fills them.")
    if climbs(template.render(dict.fromkeys(template.placeholders, "x"))):
        raise ValueError(f"An object name must not lead out of its bucket, as {text} does: take out ..")
    _check_variables(template)
    for placeholder in template.placeholders:
        _check_parameter(placeholder)


def template_from(text: str) -> Template:
    """The template, with the year of the calendar where the week's is asked for."""
    return Template(_WEEK_YEAR.sub(r"\1yyyy\2", text))


def _check_variables(template: Template) -> None:
    variables = template.variables
    if not variables:
        raise ValueError(
            f"RecordGrouper requires that the template [{template.text}] has variables defined."
            f" Supported variables are: {_SETS}"
        )
    if variables & _FIELDS:
        _check_field_names(variables)
        _check_delimiters(template)
        return
    known = {*_NAMED_BY_OFFSET, _ORIGINAL, "key", "timestamp"}
    by_offset = variables >= _NAMED_BY_OFFSET and variables <= known
    by_key = "key" in variables and variables <= {"key", "topic", "partition", _ORIGINAL}
    if not by_offset and not by_key:
        raise ValueError(f"unsupported set of template variables, supported sets are: {_SETS}")


def _check_field_names(variables: set[str]) -> None:
    """Several objects of a partition may have the same header or field at once, and others later."""
    if unknown := variables - _NAMED_BY_OFFSET - _FIELDS - {"key", "timestamp", _ORIGINAL}:
        raise ValueError(
            f"there is no variable {min(unknown)}; there are topic, original_topic, partition, start_offset,"
            " timestamp, key, header:NAME, key:FIELD and value:FIELD"
        )
    if missing := _NAMED_BY_OFFSET - variables:
        shown = " and ".join(f"{{{{{name}}}}}" for name in sorted(missing))
        raise ValueError(
            f"Objects would replace each other: records of several objects can have the same header or field."
            f" Add {shown}, which make names unique."
        )


def _check_delimiters(template: Template) -> None:
    if pair := run_together(template):
        raise ValueError(
            f"Objects would replace each other: {pair[0]} and {pair[1]} stand side by side, where 1 and 23"
            " read like 12 and 3. Put something in between, or pad."
        )


def _check_parameter(placeholder: Placeholder) -> None:
    if placeholder.is_field:
        return
    parameter, values = _PARAMETERS.get(placeholder.variable, (None, ()))
    if placeholder.variable == "timestamp" and placeholder.parameter is None:
        raise ValueError(
            "parameter unit is required for the the variable timestamp, supported values are:"
            f" {'|'.join(_UNITS)}"
        )
    if placeholder.variable == "timestamp" and placeholder.parameter == "format":
        _check_pattern(placeholder.value or "")
        return
    if placeholder.parameter is None:
        return
    is_width = parameter == "padding" and re.fullmatch(r"[1-9]\d?", placeholder.value or "", re.ASCII)
    if placeholder.parameter != parameter or not (placeholder.value in values or is_width):
        supported = ",".join(f"{name}:{of}={'|'.join(known)}" for name, (of, known) in _PARAMETERS.items())
        raise ValueError(f"unsupported set of template variables parameters, supported sets are: {supported}")


def _check_pattern(text: str) -> None:
    try:
        DatePattern(text)
    except ValueError as error:
        raise ValueError(f"the format {text} of timestamp {error}") from None


def is_named_by_offset(template: str) -> bool:
    """Whether objects of a legal template are never meant to be replaced."""
    return "start_offset" in template_from(template).variables


def tells_topics_apart(template: str) -> bool:
    """Whether objects of two topics that go by one name cannot replace each other by accident.

    They are meant to where names hold no offset. Of headers and fields nobody but the user knows.
    """
    variables = template_from(template).variables
    return _ORIGINAL in variables or bool(variables & _FIELDS) or not is_named_by_offset(template)


def run_together(template: Template, *, with_topic: bool = True) -> tuple[str, str] | None:
    """A number of any length that only stands beside other text of any length, and that text."""
    for number in ("partition", "start_offset"):
        beside = [
            _beside(template.parts, index, with_topic=with_topic)
            for index, part in enumerate(template.parts)
            if isinstance(part, Placeholder) and part.variable == number
        ]
        if beside and (pair := beside[0]) and all(beside):
            return pair
    return None


def _beside(parts: Sequence[Placeholder | str], index: int, *, with_topic: bool) -> tuple[str, str] | None:
    """What the number at this place runs together with, and the number, in their order."""
    number = parts[index]
    if not isinstance(number, Placeholder) or number.value == "true":
        return None  # A width of one's own may be too small: then the number is as long as it is.
    for step in (-1, 1):
        at = index + step
        # Digits part nothing: 1, 0 and 11 read like 101 and 1.
        while 0 <= at < len(parts) and _is_digits(parts[at]):
            at += step
        other = parts[at] if 0 <= at < len(parts) else ""
        if isinstance(other, Placeholder) and _has_any_length(other, with_topic=with_topic):
            return (other.variable, number.variable) if step < 0 else (number.variable, other.variable)
    return None


def _is_digits(part: Placeholder | str) -> bool:
    return isinstance(part, str) and part.isdecimal()


def _has_any_length(placeholder: Placeholder, *, with_topic: bool) -> bool:
    if placeholder.variable == "topic":
        return with_topic
    return placeholder.variable != "timestamp" and placeholder.value != "true"
