from typing import Any

import pytest
from pydantic import SecretStr

from connector.config.option import (
    BOOLEAN,
    CLASS,
    INT,
    LIST,
    LONG,
    PASSWORD,
    STRING,
    Importance,
    Type,
    at_least,
    between,
    defaulted,
    non_empty,
    one_of,
    optional,
    required,
)


def fault(kind: Type[Any], text: str, **rest: Any) -> str:
    with pytest.raises(ValueError, match=r"^Invalid value") as raised:
        optional("some.option", kind, "Does something.", **rest).parse(text)
    assert raised.value.__cause__ is None
    return str(raised.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (STRING, " a b ", "a b"),
        (STRING, "", ""),
        (CLASS, " a.B ", "a.B"),
        (INT, " 7 ", 7),
        (INT, "-2147483648", -(2**31)),
        (LONG, "9223372036854775807", 2**63 - 1),
        (BOOLEAN, "TRUE", True),
        (BOOLEAN, "False", False),
        (LIST, " a , b,c ", ["a", "b", "c"]),
        (LIST, "", []),
        (LIST, "a,,b", ["a", "", "b"]),
        (PASSWORD, " s3cret ", SecretStr(" s3cret ")),
    ],
)
def test_text_is_parsed_as_config_def_parses_it(kind: Type[Any], text: str, value: Any) -> None:
    assert optional("some.option", kind, "Does something.").parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (INT, "1.0", "Not a number of type INT"),
        (INT, "", "Not a number of type INT"),
        (INT, "2147483648", "Not a number of type INT"),
        (LONG, "9223372036854775808", "Not a number of type LONG"),
        (LONG, "ten", "Not a number of type LONG"),
        (BOOLEAN, "yes", "Expected value to be either true or false"),
    ],
)
def test_text_of_another_type_is_refused_in_the_words_of_config_def(
    kind: Type[Any], text: str, reason: str
) -> None:
    assert fault(kind, text) == f"Invalid value {text} for configuration some.option: {reason}"


@pytest.mark.parametrize(
    ("kind", "validate", "text", "reason"),
    [
        (INT, at_least(1), "0", "Value must be at least 1"),
        (INT, between(1, 3), "0", "Value must be at least 1"),
        (INT, between(1, 3), "4", "Value must be no more than 3"),
        (STRING, non_empty, " ", "String must be non-empty"),
        (STRING, one_of("a", "b"), "c", "supported values are: 'a', 'b'"),
        (STRING, one_of("a", "b"), "A", "supported values are: 'a', 'b'"),
        (LIST, one_of("a", "b"), "a,c", "supported values are: 'a', 'b'"),
        (LIST, one_of("a", "b"), "", "cannot be empty"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_the_bound(
    kind: Type[Any], validate: Any, text: str, reason: str
) -> None:
    message = fault(kind, text, validate=validate)
    assert message.endswith(f" for configuration some.option: {reason}")


def test_values_at_the_bounds_are_accepted() -> None:
    bounded = optional("some.option", INT, "Does something.", validate=between(1, 3))
    assert [bounded.parse(text) for text in ("1", "3")] == [1, 3]
    either = optional("some.option", LIST, "Does something.", validate=one_of("a", "b", ignore_case=True))
    assert either.parse("A,b") == ["A", "b"]


def test_a_password_is_shown_neither_in_its_value_nor_in_a_fault() -> None:
    password = optional("some.option", PASSWORD, "Opens something.", validate=non_empty)
    assert password.is_secret
    assert "s3cret" not in repr(password.parse("s3cret"))
    assert fault(PASSWORD, " ", validate=non_empty) == (
        "Invalid value [hidden] for configuration some.option: Password must be non-empty"
    )


def test_an_option_is_as_important_as_it_is_needed() -> None:
    needed = required("a", STRING, "Is needed.")
    assert (needed.required, needed.importance) == (True, Importance.HIGH)
    assert not optional("a", STRING, "Is not.").required
    assert defaulted("a", INT, 7, "Has a default.").default == 7
