"""Where all open objects of a partition end together; against a model that goes record by record."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigError
from connector.schema import Schema, Type
from connector.sinks.s3.naming import FileNameConfig
from connector.sinks.s3.rotation import Rotation
from connector.sinks.s3.together import Columns, Held, segments

NOTHING = Held(0, None, None, {})
A, B = Schema(Type.STRING), Schema(Type.INT32)


def modelled(
    most: int, span: int, groups: list[str], times: list[int], schemas: list[Schema], *, on_change: bool
) -> list[int]:
    """The first record of each set of objects that are open together, as Confluent's writer finds it."""
    starts, records, first, last = [0], 0, 0, ""
    known: dict[str, Schema] = {}
    for at, (group, time, schema) in enumerate(zip(groups, times, schemas, strict=True)):
        is_late = bool(span) and (time - first >= span or (on_change and group != last))
        if records and (is_late or known.get(group, schema) != schema):
            starts.append(at)
            records, known = 0, {}
        first = first if records else time
        last = group
        known.setdefault(group, schema)
        records += 1
        if records == most:
            starts.append(at + 1)
            records, known = 0, {}
    return starts


@given(
    most=st.integers(1, 6),
    span=st.sampled_from([1, 5, 20]),
    on_change=st.booleans(),
    records=st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(0, 30), st.sampled_from([A, B])),
        min_size=1,
        max_size=40,
    ),
    cut=st.integers(1, 39),
)
def test_objects_end_where_confluents_writer_ends_them_however_batches_are_cut(
    most: int, span: int, on_change: bool, records: list[tuple[str, int, Schema]], cut: int
) -> None:
    groups, times, schemas = (list(column) for column in zip(*records, strict=True))
    rotation = Rotation(max_records=most, max_span_ms=span, together=True, on_change=on_change)
    starts, held = [0], NOTHING
    for begin, end in pairwise([0, *([cut] if cut < len(records) else []), len(records)]):
        columns = Columns(end - begin, groups[begin:end], times[begin:end], schemas[begin:end])
        for found in segments(rotation, held, columns):
            here = range(begin + found.start, begin + found.end)
            if found.breaks:
                starts.append(here.start)
                held = NOTHING
            known = dict(held.schemas)
            for at in here:
                known.setdefault(groups[at], schemas[at])
            held = Held(held.records + len(here), found.first_event_ms, groups[here.stop - 1], known)
            if found.ends:
                starts.append(here.stop)
                held = NOTHING
    assert list(dict.fromkeys(starts)) == modelled(most, span, groups, times, schemas, on_change=on_change)


@pytest.mark.parametrize(
    ("held", "count", "expected"),
    [
        (0, 2, [(0, 2, False)]),
        (0, 3, [(0, 3, True)]),
        (0, 7, [(0, 3, True), (3, 6, True), (6, 7, False)]),
        (2, 5, [(0, 1, True), (1, 4, True), (4, 5, False)]),
        (2, 1, [(0, 1, True)]),
    ],
)
def test_records_that_are_open_already_count(
    held: int, count: int, expected: list[tuple[int, int, bool]]
) -> None:
    found = segments(Rotation(max_records=3, together=True), Held(held, None, None, {}), Columns(count))
    assert [(each.start, each.end, each.ends) for each in found] == expected


def test_rules_of_ending_together() -> None:
    with pytest.raises(ConfigError, match=r"without file\.rotate\.together=true"):
        FileNameConfig.parse({"file.rotate.on.change": "true"})
    with pytest.raises(ConfigError, match=r"cannot be combined with file.name.template \{\{key\}\}"):
        FileNameConfig.parse({"file.rotate.together": "true", "file.name.template": "{{key}}"})


@pytest.mark.parametrize("padding", ["0", "100", "ten"])
def test_digits_of_ones_own_are_from_1_to_99(padding: str) -> None:
    template = f"{{{{topic}}}}-{{{{partition}}}}-{{{{start_offset:padding={padding}}}}}"
    with pytest.raises(ConfigError, match="unsupported set of template variables parameters"):
        FileNameConfig.parse({"file.name.template": template})
