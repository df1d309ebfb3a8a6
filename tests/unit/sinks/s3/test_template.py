from __future__ import annotations

import pytest

from connector.sinks.s3.template import Placeholder, Template


def test_placeholders_are_found_with_their_parameters() -> None:
    template = Template("a/{{topic}}-{{ partition:padding=true }}/{{\ttimestamp:unit=yyyy}}{{topic}}")
    assert template.placeholders == (
        Placeholder("topic"),
        Placeholder("partition", "padding", "true"),
        Placeholder("timestamp", "unit", "yyyy"),
    )
    assert template.variables == {"topic", "partition", "timestamp"}


def test_each_use_is_filled_by_variable_and_parameter() -> None:
    template = Template("{{n}}/{{ n:padding=true }}/{{n}}.gz")
    values = {Placeholder("n"): "7", Placeholder("n", "padding", "true"): "007"}
    assert template.render(values) == "7/007/7.gz"


def test_a_variable_without_value_stays_as_written() -> None:
    assert Template("{{ foo:a=b }}-{{bar}}").render({Placeholder("bar"): "x"}) == "{{ foo:a=b }}-x"


@pytest.mark.parametrize(
    "text",
    ["", "plain", "{topic}", "{{topic}", "{{topic", "topic}}", "{{a b}}", "{{topic :a=b}}", "{{to-pic}}"],
)
def test_anything_else_is_literal_text(text: str) -> None:
    assert Template(text).placeholders == ()
    assert Template(text).render({}) == text


def test_values_are_not_read_as_templates_again() -> None:
    template = Template("{{topic}}-{{key}}")
    rendered = template.render({Placeholder("topic"): "{{key}}", Placeholder("key"): "k"})
    assert rendered == "{{key}}-k"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a{{}}", "Variable name hasn't been set for template: a{{}}"),
        ("{{ :p=v }}", "Variable name hasn't been set for template: {{ :p=v }}"),
        ("{{x:}}", "Wrong variable with parameter definition"),
        ("{{x=v}}", "Wrong variable with parameter definition"),
        ("{{x:=v}}", "Parameter name for variable `x` has not been set"),
        ("{{x:p=}}", "Parameter value for variable `x` and parameter `p` has not been set"),
        ("{{x:p}}", "Parameter value for variable `x` and parameter `p` has not been set"),
    ],
)
def test_incomplete_placeholders_are_refused_in_the_peers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the whole text is compared below
        Template(text)
    assert str(caught.value) == message
