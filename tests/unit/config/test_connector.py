import pytest

from connector.config.connector import ConnectorConfig, with_prefix

BASE: dict[str, str | None] = {"name": "x", "connector.class": "s3"}
EXCLUSIVE = "topics and topics.regex are mutually exclusive options, but both are set."


def problems(**rest: str | None) -> list[tuple[str, str]]:
    raw = {**BASE, **{key.replace("__", "."): value for key, value in rest.items()}}
    return [(problem.option, problem.message) for problem in ConnectorConfig(raw).problems()]


def test_the_smallest_connector_has_a_name_a_class_and_a_topic() -> None:
    config = ConnectorConfig.parse({**BASE, "topics": "t"})
    assert (config.name, config.connector_class, config.topics) == ("x", "s3", ["t"])
    assert config.tasks_max == 1
    assert config.group_id == "connect-x"


def test_topics_are_named_or_matched_but_not_both_and_not_neither() -> None:
    assert problems() == [("topics", "Must configure one of topics or topics.regex")]
    both = problems(topics="t", topics__regex="t.*")
    assert [option for option, _ in both] == ["topics", "topics.regex"]
    assert all(message.startswith(EXCLUSIVE) for _, message in both)
    assert problems(topics="t") == []
    assert problems(topics__regex="t.*") == []


def test_a_bad_expression_is_told_alone() -> None:
    ((option, message),) = problems(topics__regex="(")
    assert option == "topics.regex"
    assert message.startswith("Invalid value ( for configuration topics.regex: Invalid regex:")


def test_topics_are_neither_repeated_nor_empty() -> None:
    assert problems(topics="a,b,a") == [("topics", "Configuration 'topics' values must not be duplicated.")]
    assert problems(topics="a,,b") == [("topics", "Configuration 'topics' values must not be empty.")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "String may not be empty"),
        ("a\tb", "String may not contain control sequences but had the following ASCII chars: 9"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_connects_words(name: str, reason: str) -> None:
    message = f"Invalid value {name} for configuration name: {reason}"
    assert problems(topics="t", name=name) == [("name", message)]


def test_the_consumer_group_can_be_overridden() -> None:
    config = ConnectorConfig.parse({**BASE, "topics": "t", "consumer.override.group.id": "g"})
    assert config.group_id == "g"
    assert config.consumer_overrides() == {"group.id": "g"}


def test_a_prefix_is_cut_off_and_nulls_are_left_out() -> None:
    assert with_prefix({"a.b": "1", "a.": "2", "ab": "3", "a.c": None}, "a.") == {"b": "1", "": "2"}
