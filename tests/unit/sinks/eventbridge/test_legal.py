from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sinks.eventbridge.legal import detail_fault, size_bytes


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize("text", [b"[]", b"1", b'"{}"', b"null", b"true"])
def test_a_detail_must_be_an_object(text: bytes) -> None:
    assert "not a JSON object" in (detail_fault(text) or "")


def test_a_detail_may_be_a_thousand_levels_deep_and_no_deeper() -> None:
    assert detail_fault(nested(1000)) is None
    assert "1000 levels" in (detail_fault(nested(1001)) or "")


def test_many_brackets_side_by_side_or_in_strings_are_not_deep() -> None:
    assert detail_fault(b'{"a":[' + b"{}," * 2000 + b"1]}") is None
    assert detail_fault(json.dumps({"a": "{" * 3000 + '\\"['}).encode()) is None


@pytest.mark.parametrize("number", ["9223372036854775807", "-9223372036854775808", "1" * 18])
def test_integers_of_64_bits_are_taken(number: str) -> None:
    assert detail_fault(f'{{"a":{number}}}'.encode()) is None


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "1" * 5000])
def test_larger_integers_are_not(number: str) -> None:
    assert "64 bits" in (detail_fault(f'{{"a":[1,{number}]}}'.encode()) or "")


@pytest.mark.parametrize(
    "value", ["99999999999999999999.5", "1e30", '"99999999999999999999"', '"\\"99999999999999999999"']
)
def test_long_digits_that_are_no_integers_are_taken(value: str) -> None:
    assert detail_fault(f'{{"a":{value}}}'.encode()) is None


json_values = st.recursive(
    st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
)


def integers(value: object) -> list[int]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in integers(each)]
    if isinstance(value, list):
        return [found for each in value for found in integers(each)]
    return [value] if isinstance(value, int) else []


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_what_is_refused_has_an_integer_beyond_64_bits(value: dict[str, object]) -> None:
    too_large = any(not -(2**63) <= number < 2**63 for number in integers(value))
    for is_ascii in (True, False):
        fault = detail_fault(json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))
        assert (fault is not None) == too_large


def test_an_entry_is_counted_as_the_user_guide_does() -> None:
    plain = {"detail": 10, "source": "é", "detail_type": "ab", "resources": ["日", "x"], "trace": None}
    assert size_bytes(**plain, has_time=False) == 10 + 2 + 2 + 3 + 1  # type: ignore[arg-type]
    assert size_bytes(**plain, has_time=True) == 18 + 14  # type: ignore[arg-type]
    assert size_bytes(**{**plain, "trace": "Root=1"}, has_time=False) == 18 + 6  # type: ignore[arg-type]
