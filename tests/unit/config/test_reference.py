import pytest

from connector.config.reference import Reference, is_reference, references, replaced


@pytest.mark.parametrize(
    ("text", "provider", "path", "key"),
    [
        ("${file:/etc/keys:password}", "file", "/etc/keys", "password"),
        ("${file:/etc/keys:a:b}", "file", "/etc/keys", "a:b"),
        ("${env:NAME}", "env", "", "NAME"),
        ("${env::NAME}", "env", "", "NAME"),
        ("${my-vault.1:a b:k}", "my-vault.1", "a b", "k"),
    ],
)
def test_a_reference_has_kafkas_form(text: str, provider: str, path: str, key: str) -> None:
    assert references(text) == (Reference(provider, path, key, text),)
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{topic}}/{{timestamp:unit=yyyy}}", "${HOME}", "$file:/a:b", "${{timestamp:unit=yyyy}}",
        "${:a}", "${a b:c}", "${a:b",
    ],
)  # fmt: skip
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert references(text) == ()
    assert replaced(text, lambda _: "x") == text


def test_references_stand_amid_text_and_what_they_stand_for_is_not_looked_at_again() -> None:
    text = "a ${env:X} b ${env:Y}"
    assert replaced(text, lambda each: f"<{each.key}${{env:Z}}>") == "a <X${env:Z}> b <Y${env:Z}>"
    assert not is_reference(text)
