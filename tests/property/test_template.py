from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.sinks.s3.template import Placeholder, Template

words = st.from_regex(r"[A-Za-z0-9_]+", fullmatch=True)
placeholders = st.one_of(
    words.map(Placeholder),
    st.tuples(words, words, words).map(Placeholder._make),
)
literals = st.text(st.characters(exclude_characters="{}"))


def written(placeholder: Placeholder) -> str:
    variable, parameter, value = placeholder
    return f"{{{{{variable}}}}}" if parameter is None else f"{{{{ {variable}:{parameter}={value} }}}}"


@given(st.lists(st.one_of(placeholders, literals)))
def test_every_placeholder_is_found_and_filled_in_place(parts: list[Placeholder | str]) -> None:
    text = "".join(part if isinstance(part, str) else written(part) for part in parts)
    template = Template(text)
    expected = [part for part in parts if isinstance(part, Placeholder)]
    assert template.placeholders == tuple(dict.fromkeys(expected))
    values = {placeholder: repr(tuple(placeholder)) for placeholder in expected}
    filled = "".join(part if isinstance(part, str) else values[part] for part in parts)
    assert template.render(values) == filled


@given(st.text(st.sampled_from("{}:= ab\n")))
def test_any_text_is_refused_with_a_reason_or_renders_back_unchanged(text: str) -> None:
    try:
        template = Template(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 either outcome is right
    else:
        assert template.render({}) == text
