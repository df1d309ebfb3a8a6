"""Records and configs that Aiven's transforms and ours are both given; answers are Aiven's, version 1.6.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.oracle.transform_cases import (
    FULL,
    NESTED,
    ORDER,
    TIME_MS,
    Case,
    Sent,
    field,
    plain,
    struct,
    typed,
)

AIVEN = "io.aiven.kafka.connect.transforms."
ANSWERS = Path(__file__).with_name("aiven_answers.json")

ORDERS = typed(ORDER, FULL, {"id": 1}, None)
MAPS = plain(
    {"id": 7, "name": "Ada", "price": 1e10, "paid": True, "tags": ["a", 1], "home": {"city": "Rome"}},
    {"id": None, "name": " "},
    {"name": "", "at": TIME_MS},
    {},
    None,
)
TEXTS = (*plain("orders", "", "  ", 7, 1.5, True, ["a"]), *typed({"type": "string"}, "straße", ""))
NUMBERS = typed({"type": "int64"}, 1, 300)
NESTS = typed(NESTED, {"id": 1, "home": None, "a": {"b": {"c": "x"}}, "items": [1]})
DEFAULTS = typed(
    struct(
        field("a", "string", optional=True, default="X"), field("b", "string", optional=True, default="Y")
    ),
    {"a": None, "b": None},
    {"a": "k", "b": "v"},
)
SMALL = typed(
    struct(field("small", "int8"), field("half", "float"), field("whole", "int32"), field("big", "int64")),
    {"small": 1, "half": 1.5, "whole": 70_000, "big": 5_000_000_000},
    {"small": 2, "half": 2.5, "whole": 1, "big": 1},
)
KEYED = (
    Sent({"v": 1}, key={"k": 2, "v": 3}),
    Sent({"v": 1}, key="text"),
    Sent({"v": 1}),
    Sent("text", key={"k": 2}),
    Sent(None, key={"k": 2}),
    Sent([1], key={"k": 2}),
)
_KEY = struct(field("k", "int32", optional=True, default=9), field("l", "string"), name="K")
TYPED_KEYS = (
    Sent(
        {"schema": ORDER, "payload": {"id": 1}},
        key={"schema": _KEY, "payload": {"k": None, "l": "x"}},
        with_schemas=True,
    ),
    Sent(
        {"schema": ORDER, "payload": {"id": 1}},
        key={"schema": {"type": "string"}, "payload": "x"},
        with_schemas=True,
    ),
    Sent(
        {"schema": {"type": "string"}, "payload": "x"},
        key={"schema": _KEY, "payload": {"k": 1, "l": "x"}},
        with_schemas=True,
    ),
)


def each(name: str, records: tuple[Sent, ...], *configs: dict[str, str]) -> list[Case]:
    """The configs for values, and the first of them for keys."""
    keys = Case(f"{AIVEN}{name}$Key", configs[0], records)
    return [keys, *(Case(f"{AIVEN}{name}$Value", config, records) for config in configs)]


def one(name: str, records: tuple[Sent, ...], *configs: dict[str, str]) -> list[Case]:
    return [Case(AIVEN + name, config, records) for config in configs]


EVERY = (*ORDERS, *MAPS, *TEXTS, *NUMBERS, *NESTS, *DEFAULTS, *SMALL)
CASES: list[Case] = [
    *each(
        "CaseTransform",
        EVERY,
        {"field.names": "name,id", "case": "upper"},
        {"field.names": "name,nowhere,price", "case": "lower"},
        {"field.names": "a,tags,paid", "case": "upper"},
        {"field.names": "name", "case": "title"},
    ),
    *each(
        "ConcatFields",
        EVERY,
        {
            "field.names": "id,name,nowhere",
            "output.field.name": "all",
            "delimiter": "-",
            "field.replace.missing": "*",
        },
        {"field.names": "name,price,paid,ratio", "output.field.name": "all"},
        {"field.names": "a,b", "output.field.name": "c", "delimiter": " "},
        {"field.names": "tags,items", "output.field.name": "all"},
        {"field.names": "id", "output.field.name": "id"},
        {"field.names": "id", "output.field.name": ""},
    ),
    *each(
        "ExtractTimestamp",
        EVERY,
        {"field.name": "at"},
        {"field.name": "unix", "timestamp.resolution": "seconds"},
        {"field.name": "id"},
        {"field.name": "day"},
        {"field.name": "big"},
        {"field.name": "at", "timestamp.resolution": "days"},
        {"field.name": ""},
    ),
    *each(
        "ExtractTopic",
        EVERY,
        {},
        {"skip.missing.or.null": "true"},
        {"field.name": "name"},
        {"field.name": "name", "skip.missing.or.null": "true"},
        {"field.name": "id"},
        {"field.name": "price"},
        {"field.name": "paid"},
        {"field.name": "a"},
        {"field.name": "tags"},
        {"field.name": "ratio"},
        {"field.name": "nowhere"},
        {"field.name": "nowhere", "skip.missing.or.null": "true"},
    ),
    *one(
        "ExtractTopicFromSchemaName$Value",
        EVERY,
        {},
        {"schema.name.topic-map": "com.example.Order:orders,City:cities"},
        {"schema.name.regex": r"(?:[.]|^)([^.]*)$"},
        {"schema.name.regex": r"nothing(.)"},
        {"schema.name.regex": r"Order"},
        {"schema.name.topic-map": "other:o", "schema.name.regex": r"(com)"},
    ),
    *each(
        "FilterByFieldValue",
        EVERY,
        {"field.name": "name", "field.value": "Ada"},
        {"field.name": "name", "field.value": "Ada", "field.value.matches": "false"},
        {"field.name": "name", "field.value.pattern": "^A"},
        {"field.name": "name", "field.value.pattern": "d", "field.value.matches": "false"},
        {"field.name": "id", "field.value": "7"},
        {"field.name": "id", "field.value": "300"},
        {"field.name": "id", "field.value.pattern": "^7$"},
        {"field.name": "paid", "field.value": "true"},
        {"field.name": "price", "field.value.pattern": "E10"},
        {"field.name": "small", "field.value": "1"},
        {"field.name": "half", "field.value": "1.5"},
        {"field.name": "whole", "field.value": "70000"},
        {"field.name": "big", "field.value": "5000000000"},
        {"field.name": "tags", "field.value.pattern": "a"},
        {"field.name": "a", "field.value": "X"},
        {"field.name": "nowhere", "field.value.pattern": "x"},
        {"field.name": "nowhere", "field.value.pattern": "x", "field.value.matches": "false"},
        {"field.value": "orders"},
        {"field.value.pattern": "^(or|7)"},
        {"field.name": "id"},
        {"field.name": "id", "field.value": "1", "field.value.pattern": "1"},
    ),
    *each(
        "Hash",
        EVERY,
        {"function": "sha256"},
        {"function": "md5", "skip.missing.or.null": "true"},
        {"field.name": "name", "function": "sha1"},
        {"field.name": "text", "function": "sha256"},
        {"field.name": "text", "function": "sha256", "skip.missing.or.null": "true"},
        {"field.name": "nowhere", "function": "md5", "skip.missing.or.null": "true"},
        {"field.name": "nowhere", "function": "md5"},
        {"field.name": "id", "function": "md5"},
        {"field.name": "a", "function": "md5"},
        {"function": "sha512"},
    ),
    *one(
        "KeyToValue",
        (*KEYED, *TYPED_KEYS, *ORDERS),
        {"key.fields": "k"},
        {"key.fields": "k, l", "value.fields": "x"},
        {"key.fields": "*"},
        {"key.fields": "*", "value.fields": "whole"},
        {"key.fields": "k,*", "value.fields": "v"},
        {"key.fields": "k,l", "value.fields": "a,a"},
        {"key.fields": "id", "value.fields": "name"},
    ),
    *one("MakeTombstone", EVERY, {}),
    *one(
        "TombstoneHandler",
        EVERY,
        {"behavior": "drop_silent"},
        {"behavior": "DROP_WARN"},
        {"behavior": "fail"},
        {"behavior": "keep"},
    ),
]


def answers() -> list[Any]:
    """What Aiven's make of each case; what answers have in common is stored once."""
    found = json.loads(ANSWERS.read_text())
    parts = found["parts"]
    return [_whole(case, parts) for case in found["answers"]]


def _whole(case: Any, parts: list[Any]) -> Any:
    if isinstance(case, str):
        return {"error": case}
    return [
        {name: parts[at] for name, at in zip(_MEMBERS, record, strict=True)}
        if isinstance(record, list)
        else record and {"error": record}
        for record in case
    ]


def stored(found: list[Any]) -> str:
    """The text of answers for :data:`ANSWERS`."""
    parts: dict[str, int] = {}

    def shortened(answer: Any) -> Any:
        if answer is None or "error" in answer:
            return answer and "error"
        texts = [json.dumps(answer[name], sort_keys=True) for name in _MEMBERS]
        return [parts.setdefault(text, len(parts)) for text in texts]

    cases = ["error" if isinstance(case, dict) else list(map(shortened, case)) for case in found]
    lines = ",\n".join(map(json.dumps, cases))
    return "\n".join(['{"parts": [', ",\n".join(parts), '], "answers": [', lines, "]}", ""])


_MEMBERS = ("topic", "timestamp", "keySchema", "key", "valueSchema", "value", "headers")


def is_known(name: str, java: Any, ours: Any) -> bool:
    """Differences on purpose: docs/transforms.md tells them."""
    if name.startswith("FilterByFieldValue") and "field.name" not in name:
        return "error" in (java or {}) and "error" not in (ours or {})
    if name.startswith("ConcatFields"):
        return "Struct{" in str(java)
    return False
