from __future__ import annotations

from typing import Any

import pytest

from connector.aws.definition import Definition, option_problems, secret_options
from connector.errors import ConfigError

KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cret"}


def problems(document: Any, **context: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        Definition.parse(document, **context)
    assert "s3cret" not in str(refused.value)
    return {problem.option: problem.message for problem in refused.value.problems}


def test_a_definition_holds_what_its_user_wrote() -> None:
    document = {
        "name": "Lake, north",
        "description": "two\nlines",
        "tags": {"team": "data", "empty": ""},
        "match_criteria": ["prod"],
        "required_roles": ["dmz"],
        "options": {**KEYS, "aws.connect.timeout.ms": 500},
    }
    found = Definition.parse(document)
    assert found.options == {**KEYS, "aws.connect.timeout.ms": "500"}
    assert (found.name, found.tags, found.required_roles) == (
        "Lake, north", {"team": "data", "empty": ""}, ("dmz",),
    )  # fmt: skip
    assert "s3cret" not in repr(found)


def test_every_fault_is_told_at_once() -> None:
    found = problems(
        {
            "name": " a\n",
            "descripton": "x",
            "tags": {"k" * 129: "", "v": "v" * 257},
            "match_criteria": ["x"] * 11,
            "required_roles": "one",
            "options": {
                "aws.s3.bucket.name": "b",
                "aws.secret.access.key": "s3cret",
                "aws.sts.role.external.id": "!",
                "aws.regoin": "eu-north-1",
                "aws.profile": ["p"],
                "aws.proxy.url": "http://u:s3cret@proxy",
            },
        }
    )
    assert set(found) == {
        "name", "descripton", "tags", "match_criteria", "required_roles", "aws.s3.bucket.name",
        "aws.access.key.id", "aws.sts.role.external.id", "aws.regoin", "aws.profile", "aws.proxy.url",
    }  # fmt: skip
    assert 'Did you mean "description"?' in found["descripton"]
    assert 'Did you mean "aws.region"?' in found["aws.regoin"]


@pytest.mark.parametrize("name", ["", "x" * 256, "a\tb", "a\x7fb", "a\u2028b", "\ud800", " a", "a ", None, 7])
def test_illegal_names_are_refused(name: Any) -> None:
    assert "name" in problems({"name": name})


@pytest.mark.parametrize("name", ["x" * 255, "a/b", "..", "größe 🚀", "100%", "{c}", "-"])
def test_any_printable_name_is_fine(name: str) -> None:
    assert Definition.parse({"name": name}).name == name


def test_a_connection_keeps_its_name() -> None:
    assert Definition.parse({}, name="a").name == "a"
    assert "name" in problems({"name": "b"}, name="a")


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_what_is_no_object_is_refused(document: Any) -> None:
    assert problems(document)


@pytest.mark.parametrize(
    ("tags", "legal"),
    [({str(n): "" for n in range(50)}, True), ({str(n): "" for n in range(51)}, False), ({"": "x"}, False),
     ({"k" * 128: "v" * 256}, True), ([], False), ({"k": 1}, False)],
)  # fmt: skip
def test_tags_have_the_limits_of_glue(tags: Any, legal: bool) -> None:
    if legal:
        assert Definition.parse({"name": "a", "tags": tags}).tags == tags
    else:
        assert "tags" in problems({"name": "a", "tags": tags})


def test_a_secret_that_is_shown_hidden_stays_as_it_was() -> None:
    written = {**KEYS, "aws.secret.access.key": "[hidden]"}
    assert Definition.parse({"name": "a", "options": written}, stored=KEYS).options == KEYS
    assert "give the secret itself" in problems({"name": "a", "options": written})["aws.secret.access.key"]


def test_a_hidden_value_of_no_secret_is_taken_at_its_word() -> None:
    assert "aws.region" in problems({"name": "a", "options": {"aws.region": "[hidden]"}}, stored=KEYS)


def test_options_of_a_provider_that_is_not_here_are_all_secret() -> None:
    options = {"aws.credentials.provider": "vault", "aws.credentials.provider.address": "x"}
    assert "aws.credentials.provider.address" in secret_options(options)


def test_old_names_are_for_connectors_only_since_masking_goes_by_the_new() -> None:
    problems = list(option_problems({"aws_access_key_id": "A", "aws_secret_access_key": "s"}))
    assert {problem.option for problem in problems} >= {"aws_access_key_id", "aws_secret_access_key"}
