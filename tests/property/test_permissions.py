"""Every object that the S3 sink can name is allowed by the policy for its config, and little else."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from connector.errors import BatchError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config
from connector.sinks.s3.permissions import permissions

OBJECTS = "arn:aws:s3:::shop/"

literals = st.text(
    st.one_of(st.sampled_from("*?$/{}[]()\\.^%é日 &"), st.characters(exclude_categories=["Cs"])), max_size=8
).filter(lambda text: "{{" not in text and "}}" not in text)
ascii_literals = st.text(st.sampled_from("*?$/[]().^%ab "), max_size=8)
topics = st.lists(
    st.from_regex(r"[a-zA-Z0-9._-]{1,12}", fullmatch=True).filter(lambda name: name.strip(".")),
    min_size=1,
    max_size=5,
    unique=True,
)
by_offset = st.permutations(
    ["{{topic}}", "{{partition}}", "{{start_offset:padding=true}}", "{{timestamp:unit=HH}}", "{{topic}}"]
)
by_key = st.permutations(["{{key}}", "{{topic}}", "{{partition}}"])


@st.composite
def templates(draw: st.DrawFn, between: st.SearchStrategy[str] = literals) -> str:
    pieces = draw(st.one_of(by_offset, by_key, st.just(["{{key}}"])))
    return "".join(draw(between) + piece for piece in pieces) + draw(between)


def is_match(resource: str, arn: str) -> bool:
    """IAM user guide: ``*`` is any characters, ``?`` is one; ``${*}``, ``${?}``, ``${$}`` are themselves."""
    pattern = ""
    for variable, wildcard, text in re.findall(r"\$\{([*?$])\}|([*?])|(.)", resource, re.DOTALL):
        pattern += re.escape(variable or text) if not wildcard else {"*": ".*", "?": "."}[wildcard]
    return re.fullmatch(pattern, arn, re.DOTALL) is not None


def legal(template: str) -> S3Config:
    config = S3Config({"aws.s3.bucket.name": "shop", "file.name.template": template})
    assume(not config.problems())
    return config


def names(config: S3Config, topic: str, partition: int, keys: list[str]) -> list[str]:
    grouper = config.create_grouper()
    records = [Record(offset, key.encode(), b"") for offset, key in enumerate(keys)]
    batch = RecordBatch.of(TopicPartition(topic, partition), records)
    try:
        groups = grouper.split(batch, 1_700_000_000_000)
    except BatchError:
        return []
    return [grouper.object_key(group, part.offsets[0]) for group, part in groups]


def test_the_matcher_knows_wildcards_and_their_escapes() -> None:
    assert is_match("a*c", "abbc")
    assert is_match("a?c", "a\nc")
    assert not is_match("a?c", "ac")
    assert is_match("${*}${?}${$}{x}", "*?${x}")
    assert not is_match("${*}", "x")
    assert not is_match("a.c", "abc")


@given(
    templates(),
    topics,
    st.booleans(),
    st.integers(0, 2**31),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), min_size=1, max_size=3),
)
def test_every_object_that_can_be_named_is_allowed(
    template: str, named: list[str], is_known: bool, partition: int, keys: list[str]
) -> None:
    config = legal(template)
    write, read, *_ = permissions(config, named if is_known else [])
    for topic in named:
        for key in names(config, topic, partition, keys):
            assert any(is_match(resource, OBJECTS + key) for resource in write.resources)
            assert any(is_match(resource, OBJECTS + key) for resource in read.resources)


@given(templates(ascii_literals), topics)
def test_nothing_is_allowed_under_another_prefix(template: str, named: list[str]) -> None:
    config = legal(template)
    fixed = (config.name_template or "").partition("{{")[0]
    assume(fixed)
    write, *_ = permissions(config, named)
    other = ("x" if fixed[0] != "x" else "y") + fixed[1:]
    for key in ("", "z", fixed, other, f"{other}{named[0]}/0-0"):
        if not key.startswith(fixed):
            assert not any(is_match(resource, OBJECTS + key) for resource in write.resources)


@given(topics, st.from_regex(r"[a-zA-Z0-9._-]{1,12}", fullmatch=True), st.sampled_from(["", "in/", "*/"]))
def test_nothing_is_allowed_for_another_topic(named: list[str], other: str, folder: str) -> None:
    # Kafka has no topics of these names, and S3 no objects.
    assume(other not in {*named, ".", ".."})
    config = legal(folder + "{{topic}}/{{partition}}-{{start_offset}}")
    write, *_ = permissions(config, named)
    (key,) = names(config, other, 0, ["k"])
    assert not any(is_match(resource, OBJECTS + key) for resource in write.resources)
