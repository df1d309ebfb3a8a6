"""Whatever JSON comes, in whatever batches: each record is found once, in order, as it was."""

from __future__ import annotations

import io
import json
import math
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from connector.converters.json import JsonConverter, JsonConverterConfig
from connector.formats.avro import AvroFormat
from connector.formats.avro_column import long
from connector.formats.avro_schema import avro_names
from connector.formats.fields import OutputFields
from connector.formats.inference import Drift, infer, inferred_runs
from connector.formats.parquet import ParquetFormat
from connector.record import Record, RecordBatch, TopicPartition
from connector.testing.contract.formats import objects

if TYPE_CHECKING:
    from connector.schema import Schema

PLAIN = JsonConverter(JsonConverterConfig.parse({"schemas.enable": "false"}))
names = st.sampled_from(["a", "b", "c", "d e"])
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
objects_ = st.dictionaries(names, values, max_size=4)
batches = st.lists(st.lists(st.none() | objects_ | values, min_size=1, max_size=4), min_size=1, max_size=4)


def written(kind: Any, groups: list[list[Any]], drift: str) -> list[Any]:
    offset, given_batches = 0, []
    for group in groups:
        records = [Record(offset + index, None, None, 0) for index in range(len(group))]
        column = PLAIN.convert_column([json.dumps(value).encode() for value in group])
        given_batches.append(RecordBatch.of(TopicPartition("t", 0), records).with_columns(values=column))
        offset += len(group)
    found = []
    for data in objects(kind(OutputFields(("offset", "value"), drift=drift)), *given_batches):
        if kind is AvroFormat:
            found += list(fastavro.reader(io.BytesIO(data)))
        else:
            found += parquet.read_table(io.BytesIO(data)).to_pylist()
    return found


def same(stored: Any, given_value: Any, *, widened: bool) -> bool:
    """What was given is there; what is there beside it is null, or empty where nothing had a type."""
    if widened and isinstance(stored, str) and not isinstance(given_value, str):
        return bool(json.loads(stored) == given_value)
    match given_value:
        case dict():
            stored = stored or {}
            spelled = {name: name.replace(" ", "_") for name in {*given_value, "d e"}}
            return all(
                same(stored.get(name, stored.get(spelled[name])), item, widened=widened)
                for name, item in given_value.items()
            )
        case list():
            if stored is None:
                return not any(map(has_type, given_value))
            return len(stored) == len(given_value) and all(
                same(*pair, widened=widened) for pair in zip(stored, given_value, strict=True)
            )
        case bool() | str() | None:
            return stored is given_value or (stored == given_value and type(stored) is type(given_value))
    return isinstance(stored, int | float) and math.isclose(stored, given_value, rel_tol=1e-15)


def has_type(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_type, value.values()))
    return any(map(has_type, value)) if isinstance(value, list) else value is not None


@pytest.mark.parametrize("kind", [AvroFormat, ParquetFormat])
@given(groups=batches, drift=st.sampled_from(["new_file", "widen"]))
def test_every_record_is_found_once_in_order_and_as_it_was(
    kind: Any, groups: list[list[Any]], drift: str
) -> None:
    given_values = [value for group in groups for value in group]
    found = written(kind, groups, drift)
    assert [row["offset"] for row in found] == list(range(len(given_values)))
    for row, value in zip(found, given_values, strict=True):
        # Even with new_file an array with items of several types holds them as text.
        assert same(row.get("value"), value, widened=True), (row, value)


@given(st.lists(objects_, min_size=1, max_size=6), st.sampled_from(Drift))
def test_runs_cover_a_column_without_gap_or_overlap(column: list[Any], drift: Drift) -> None:
    found = inferred_runs(column, None, drift)
    ends = [0, *(end for _, end, _ in found.runs)]
    assert [start for start, _, _ in found.runs] == ends[:-1]
    assert ends[-1] == len(column)


@given(objects_)
def test_what_was_inferred_fits_again(value: Any) -> None:
    known = infer(value)
    assert inferred_runs([value, value], known, Drift.FAIL).failed == {}
    assert inferred_runs([value, value], known, Drift.NEW_FILE).runs == [(0, 2, known)]


@given(st.integers(-(2**63), 2**63 - 1))
def test_longs_are_zig_zag(number: int) -> None:
    data, found = long(number), 0
    assert all(byte & 128 for byte in data[:-1])
    assert not data[-1] & 128
    for shift, byte in enumerate(data):
        found |= (byte & 127) << (7 * shift)
    assert (found >> 1) ^ -(found & 1) == number


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(), min_size=1))
def test_names_in_avro_are_legal_and_no_two_alike(value: dict[str, int]) -> None:
    schema: Schema | None = infer(value)
    assert schema is not None
    spelled = list(avro_names(schema).values())
    assert len(set(spelled)) == len(spelled) == len(value)
    assert all(name.isascii() and name.isidentifier() for name in spelled)
