"""What every converter must do.

Inherit and give the converter with samples::

    class TestMyConverter(ConverterContract):
        @pytest.fixture
        def converter(self):
            return MyConverter(MyConverter.config_class.parse({}))

        @pytest.fixture
        def valid(self):
            return [(b"1", 1), (b"2", 2)]

        @pytest.fixture
        def invalid(self):
            return [b"one"]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connector.converters.base import Converter


class ConverterContract(ABC):
    """Give the converter, bytes with the values they stand for, and bytes that it must refuse."""

    @pytest.fixture
    @abstractmethod
    def converter(self) -> Converter:
        """The converter under test."""

    @pytest.fixture
    @abstractmethod
    def valid(self) -> list[tuple[bytes | None, Any]]:
        """Bytes, and the value of each; at least one that is not null."""

    @pytest.fixture
    def invalid(self) -> list[bytes]:
        """Bytes that are not what the converter reads; none if it reads anything."""
        return []

    def test_each_value_converts(self, converter: Converter, valid: list[tuple[bytes | None, Any]]) -> None:
        for data, expected in valid:
            assert converter.convert(data) == expected

    def test_null_stays_null(self, converter: Converter) -> None:
        assert converter.convert(None) is None
        assert list(converter.convert_column([None, None])) == [None, None]

    def test_a_column_holds_what_its_values_convert_to(
        self, converter: Converter, valid: list[tuple[bytes | None, Any]]
    ) -> None:
        column = [data for data, _ in valid]
        assert list(converter.convert_column([*column, None])) == [*(value for _, value in valid), None]
        assert list(converter.convert_column([])) == []

    def test_the_column_given_stays_as_it_was(
        self, converter: Converter, valid: list[tuple[bytes | None, Any]]
    ) -> None:
        column = [*(data for data, _ in valid), None]
        before = list(column)
        list(converter.convert_column(column))
        assert column == before

    def test_bytes_of_another_kind_are_refused_alone_and_in_a_column(
        self, converter: Converter, valid: list[tuple[bytes | None, Any]], invalid: list[bytes]
    ) -> None:
        good = [data for data, _ in valid]
        for bad in invalid:
            with pytest.raises(ValueError, match=r".+"):
                converter.convert(bad)
            with pytest.raises(ValueError, match=r".+"):
                converter.convert_column([*good, bad, *good])

    def test_two_bad_neighbours_do_not_make_a_good_one(
        self, converter: Converter, invalid: list[bytes]
    ) -> None:
        for first in invalid:
            for second in invalid:
                with pytest.raises(ValueError, match=r".+"):
                    converter.convert_column([first, second])

    def test_an_identity_hands_values_through(
        self, converter: Converter, valid: list[tuple[bytes | None, Any]]
    ) -> None:
        if converter.is_identity:
            column = [data for data, _ in valid]
            assert list(converter.convert_column(column)) == column
