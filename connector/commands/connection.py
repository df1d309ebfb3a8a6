"""``connector aws connection``: the named connections of a running worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.completion import connection_names
from connector.commands.exit_code import exits
from connector.commands.refusal import refuse
from connector.commands.worker_option import Urls  # noqa: TC001 - typer reads the annotation
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable

connection_app = typer.Typer(
    help="AWS connections that are stored under a name, for aws.connection in connectors.",
    no_args_is_help=True,
)

NOT_ACCEPTED = 1
"""The connection is stored, but AWS refuses it."""

_PATH = ("aws", "connections")

NewName = Annotated[str, typer.Argument(help="The connection's name.", show_default=False)]
Name = Annotated[
    str,
    typer.Argument(help="The connection's name.", show_default=False, autocompletion=connection_names),
]
File = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", help="All of the connection as JSON; - for the standard input.", readable=False
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", "-o", help="key=value; a secret as key=@file, or key=- to read the standard input."
    ),
]
Description = Annotated[str | None, typer.Option(help="For people.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="key=value.")]
Matches = Annotated[list[str] | None, typer.Option("--match", help="A word to select it by.")]
Roles = Annotated[
    list[str] | None, typer.Option("--require-role", help="A role that workers need to use the connection.")
]
Validate = Annotated[bool, typer.Option(help="Ask AWS whether it takes the identity.")]

REFUSED = "the input is at fault, no worker answers, or it refuses"


@connection_app.command()
@exits(failed="AWS refuses the connection", refused=REFUSED)
def create(
    name: NewName,
    *,
    file: File = None,
    option: Options = None,
    description: Description = None,
    tag: Tags = None,
    match: Matches = None,
    require_role: Roles = None,
    if_not_exists: Annotated[bool, typer.Option("--if-not-exists", help="Let one that exists be.")] = False,
    validate: Validate = True,
    url: Urls = None,
) -> None:
    """Store a new connection."""

    def ask() -> Any:
        document = _document(name, {}, file, option, **_fields(description, tag, match, require_role))
        query = [("if_not_exists", _text(if_not_exists)), ("validate", _text(validate))]
        return _ask(url, "POST", [], {**document, "name": name}, query)

    _finish(ask)


@connection_app.command()
@exits(failed="AWS refuses the connection", refused=REFUSED)
def update(
    name: Name,
    *,
    file: File = None,
    option: Options = None,
    unset: Annotated[list[str] | None, typer.Option(help="An option to remove.")] = None,
    description: Description = None,
    tag: Tags = None,
    match: Matches = None,
    require_role: Roles = None,
    validate: Validate = True,
    url: Urls = None,
) -> None:
    """Change a connection: --file replaces it as a whole, the others what they name.

    Running connectors that use it are started anew with it, one after the other; they lose nothing.
    """

    def ask() -> Any:
        present = {} if file else _definition(_ask(url, "GET", [name]))
        for key in unset or ():
            present.get("options", {}).pop(key, None)
        document = _document(name, present, file, option, **_fields(description, tag, match, require_role))
        return _ask(url, "PUT", [name], document, [("validate", _text(validate))])

    _finish(ask)


@connection_app.command("list")
@exits(refused=REFUSED)
def list_connections(
    *,
    name: Annotated[str, typer.Option(help="A part of the name.")] = "",
    status: Annotated[str | None, typer.Option(help="READY, IN_PROGRESS or FAILED.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="key or key=value.")] = None,
    match: Matches = None,
    as_json: Annotated[bool, typer.Option("--json", help="All that is known, as JSON.")] = False,
    url: Urls = None,
) -> None:
    """List the connections that pass all filters."""
    query = [("name", name)] if name else []
    query += [("status", status)] if status else []
    query += [("tag", each) for each in tag or ()] + [("match", each) for each in match or ()]
    found = _answer(lambda: _ask(url, "GET", [], None, query))
    if as_json:
        _print(found)
        return
    for connection in found["connections"]:
        typer.echo(f"{connection['status']:<12} {connection['name']}  {connection['description']}".rstrip())
    for damaged in found["damaged"]:
        typer.echo(f"warning: {damaged['reason']}", err=True)


@connection_app.command()
@exits(refused=REFUSED)
def show(name: Name, url: Urls = None) -> None:
    """Show a connection, without its secrets."""
    _print(_answer(lambda: _ask(url, "GET", [name])))


@connection_app.command()
@exits(refused=REFUSED)
def delete(name: Name, url: Urls = None) -> None:
    """Delete a connection that no connector uses."""
    _answer(lambda: _ask(url, "DELETE", [name]))
    typer.echo(f"deleted {name}")


@connection_app.command()
@exits(failed="AWS refuses the connection", refused=REFUSED)
def validate(
    name: Name,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the connection as JSON.")] = False,
    url: Urls = None,
) -> None:
    """Ask AWS, from the worker's machine, whether it takes the connection's identity, step by step.

    After ten seconds what is found out by then is printed; the worker goes on, and show tells the rest.
    """
    _finish(lambda: _ask(url, "POST", [name, "validate"]), _print if as_json else _print_checks)


@connection_app.command()
@exits(refused=REFUSED)
def usage(name: Name, url: Urls = None) -> None:
    """Show which connectors and tasks of the worker use a connection."""
    _print(_answer(lambda: _ask(url, "GET", [name, "usage"])))


@connection_app.command()
@exits(refused=REFUSED)
def policy(
    name: Name,
    only_document: Annotated[
        bool, typer.Option("--document", help="The trust policy alone, to paste.")
    ] = False,
    url: Urls = None,
) -> None:
    """Show the trust policy that the connection's role needs, with its external id."""
    found = _answer(lambda: _ask(url, "GET", [name, "policy"]))
    _print(found["trust_policy"] if only_document else found)


def _document(
    name: str,
    present: dict[str, Any],
    file: Path | None,
    option: list[str] | None,
    **given: str | list[str] | dict[str, str] | None,
) -> dict[str, Any]:
    """``present``, or what the file holds, overlaid by what the command line says."""
    from connector.commands.connection_input import document_from, options_from

    document = document_from(file) if file else present
    options = {**document.get("options", {}), **options_from(option or ())}
    named = {key: value for key, value in given.items() if value is not None}
    return {"name": name, **document, **named, "options": options}


def _fields(
    description: str | None, tag: list[str] | None, match: list[str] | None, require_role: list[str] | None
) -> dict[str, Any]:
    from connector.commands.connection_input import pairs_from

    return {
        "description": description,
        "tags": pairs_from(tag, "--tag") if tag else None,
        "match_criteria": match,
        "required_roles": require_role,
    }


def _definition(shown: dict[str, Any]) -> dict[str, Any]:
    """The part of an answer that its user may change."""
    fields = ("description", "tags", "match_criteria", "required_roles", "options")
    return {key: shown[key] for key in fields}


def _ask(
    url: list[str] | None,
    method: str,
    path: list[str],
    body: Any = None,
    query: list[tuple[str, str]] | None = None,
) -> Any:
    from connector.commands.worker_client import WorkerClient

    return WorkerClient(url or ()).ask(method, [*_PATH, *path], body, query or ())


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ConnectorError as error:
        refuse(error)


def _finish(ask: Callable[[], Any], tell: Callable[[Any], None] | None = None) -> None:
    """Show the connection; one that AWS refuses is stored, and the command fails."""
    connection = _answer(ask)
    (tell or _print)(connection)
    if connection["status"] == "FAILED":
        typer.echo(f"{connection['name']} FAILED: {connection['reason']}", err=True)
        raise typer.Exit(NOT_ACCEPTED)


def _print_checks(connection: Any) -> None:
    from connector.commands.check_text import counted, lines

    for step in connection["checks"]:
        typer.echo(lines(step))
    told = counted(connection["checks"])
    typer.echo(f"\n{connection['name']} is {connection['status']}{': ' if told else ''}{told}.")


def _print(answer: Any) -> None:
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _text(value: bool) -> str:
    return "true" if value else "false"
