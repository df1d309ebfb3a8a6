import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.jaas import parse_login

MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z][\w.]{0,9}", fullmatch=True), st.text(max_size=12), max_size=4)
)
def test_quoted_options_read_as_they_were_written(options: dict[str, str]) -> None:
    written = " ".join(
        f'{name}="{value}"'
        for name, value in ((n, v.replace("\\", "\\\\").replace('"', '\\"')) for n, v in options.items())
    )
    login = parse_login(f"{MODULE} required {written} ;")
    assert login.module == "ScramLoginModule"
    assert login.options == options


def test_single_quotes_bare_words_and_line_breaks_are_read() -> None:
    login = parse_login(f"{MODULE} required\n username='a;b'\n password=c;")
    assert login.options == {"username": "a;b", "password": "c"}


@pytest.mark.parametrize(
    "text",
    [
        "", "s3cret", f'{MODULE} required password="s3cret"', f'{MODULE} password="s3cret";',
        f'{MODULE} required password="s3cret;', f"{MODULE} required s3cret;",
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match="Not a JAAS entry") as raised:
        parse_login(text)
    assert "s3cret" not in str(raised.value)


def test_options_are_in_no_repr() -> None:
    assert "s3cret" not in repr(parse_login(f'{MODULE} required password="s3cret";'))
