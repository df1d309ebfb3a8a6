"""JSON Schemas as documents: what a schema says in one place, and what its references name.

A schema may say several things at once (a type and an enum); these then stand for themselves, as members of
an ``allOf``, as Confluent's parser has it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.schema_registry.base import RegisteredSchema

_SEVERAL = 2
COMBINING = ("allOf", "anyOf", "oneOf")
_SNIFFED = {
    "object": {"properties", "required", "additionalProperties", "minProperties", "maxProperties",
               "patternProperties", "dependencies", "propertyNames"},
    "array": {"items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "string": {"minLength", "maxLength", "pattern", "format"},
}  # fmt: skip
"""Keywords that tell the type of a schema which does not name it."""
_TYPES = {"object", "array", "number", "integer", "string", "boolean", "null"}
_OF_THE_WHOLE = {"title", "description", "default", "enum", "const", "not", *COMBINING}
"""What a schema says beside its type; where it is split in several, none of them has it."""


class Document(NamedTuple):
    root: Any
    references: Mapping[str, Document]

    @property
    def base(self) -> str:
        found = self.root.get("$id", self.root.get("id", "")) if isinstance(self.root, dict) else ""
        return found if isinstance(found, str) else ""


class Part(NamedTuple):
    """A schema where it stands; references in it are looked up in its document."""

    node: Any
    document: Document

    def of(self, node: Any) -> Part:
        return Part(node, self.document)


def document_of(registered: RegisteredSchema) -> Document:
    try:
        root = json.loads(registered.text)
    except ValueError as error:
        raise ValueError(f"the schema is no JSON: {error}") from error
    references = {name: document_of(each) for name, each in registered.references}
    return Document(root, references)


def kind_of(part: Part) -> tuple[str, list[Part]]:
    """What a schema is, and what it combines; several at once are all of them."""
    node = part.node
    if not isinstance(node, dict):
        return "any", []
    if "$ref" in node:
        return "$ref", []
    found = list(_kinds(part))
    if len(found) < _SEVERAL:
        return found[0] if found else ("any", [])
    return "allOf", [part.of(_alone(node, kind, inner)) for kind, inner in found]


def _alone(node: Mapping[str, Any], kind: str, inner: list[Part]) -> dict[str, Any]:
    """One of several things that a schema says, as a schema of its own."""
    if kind in COMBINING:
        return {kind: [each.node for each in inner]}
    if kind in {"enum", "const", "not"}:
        return {kind: node[kind]}
    bare = {key: value for key, value in node.items() if key not in _OF_THE_WHOLE}
    return {"type": kind, **{key: value for key, value in bare.items() if not key.startswith("connect.")}}


def _kinds(part: Part) -> Iterator[tuple[str, list[Part]]]:
    node = part.node
    if "enum" in node:
        yield "enum", [part.of(node["enum"])]
    for kind in COMBINING:
        if kind in node:
            yield kind, [part.of(each) for each in node[kind]]
    if "not" in node:
        yield "not", []
    if "const" in node:
        yield "const", [part.of([node["const"]])]
    kind = node.get("type")
    if isinstance(kind, list):
        yield "anyOf", [part.of({**_alone(node, each, []), "type": each}) for each in kind]
    elif kind is not None:
        if kind not in _TYPES:
            raise ValueError(f"there is no type {kind}")
        yield kind, []
    else:
        yield from ((sniffed, []) for sniffed, keys in _SNIFFED.items() if keys & node.keys())


def properties_of(part: Part) -> list[tuple[str, Part]]:
    """In the order of ``connect.index``, else as they are written."""
    found = part.node.get("properties") or {}
    indexes = {
        name: each.get("connect.index", position) if isinstance(each, dict) else position
        for position, (name, each) in enumerate(found.items())
    }
    return [(name, part.of(found[name])) for name in sorted(found, key=indexes.__getitem__)]


def referred(part: Part) -> Part:
    """What ``$ref`` names: in its own document, or in one that the registry gave with it."""
    text = str(part.node["$ref"])
    file, _, fragment = text.partition("#")
    document = part.document
    if file and file != document.base:
        for name in (file, urljoin(document.base, file)):
            found = document.references.get(name) or next(
                (each for each in document.references.values() if each.base == name), None
            )
            if found:
                document = found
                break
        else:
            raise ValueError(f"the reference {text} is not registered with it")
    return Part(_pointed(document.root, fragment, text), document)


def _pointed(root: Any, fragment: str, text: str) -> Any:
    if fragment and not fragment.startswith("/"):
        return _anchored(root, fragment, text)
    node = root
    for step in fragment.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(name)] if isinstance(node, list) else node[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"the reference {text} leads nowhere") from None
    return node


def _anchored(root: Any, name: str, text: str) -> Any:
    left = [root]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if f"#{name}" in {node.get("$id"), node.get("id")} or node.get("$anchor") == name:
                return node
            left += node.values()
        elif isinstance(node, list):
            left += node
    raise ValueError(f"the reference {text} leads nowhere")


def names_in(found: Any) -> set[str]:
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()
