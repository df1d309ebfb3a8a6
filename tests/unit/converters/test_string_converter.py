from __future__ import annotations

import pytest

from connector.converters.string import StringConverter, StringConverterConfig
from connector.errors import ConfigError


def converter(encoding: str = "UTF-8") -> StringConverter:
    return StringConverter(StringConverterConfig.parse({"converter.encoding": encoding}))


def test_malformed_bytes_become_the_replacement_character() -> None:
    assert converter().convert_column([b"a", b"\xff", None, "é".encode()]) == ["a", "\ufffd", None, "é"]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "latin1", "windows-1252"])
def test_other_encodings_go_by_their_usual_names(encoding: str) -> None:
    assert converter(encoding).convert_column([b"\xe9", None]) == ["é", None]
    assert converter(encoding).convert_column(["é".encode()]) == ["Ã©"]


@pytest.mark.parametrize("encoding", ["UTF-9", "hex", "base64"])
def test_an_encoding_that_does_not_exist_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigError, match=f"Invalid value {encoding} for configuration converter.encoding"):
        converter(encoding)
