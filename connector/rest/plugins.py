"""What is installed, and which options it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import plugins
from connector.cluster.request_error import BadRequestError, NotFoundError
from connector.cluster.validation import CLASS_OPTION, plugin_keys
from connector.errors import ConfigError
from connector.plugins import PluginKind
from connector.rest.body import read_config
from connector.rest.context import HERDER
from connector.rest.query import flag, name_of
from connector.rest.response import json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

# Connect's names of the kinds, in the order it lists them; formats and the rest are our own.
_KINDS = {
    PluginKind.SINK: "sink",
    PluginKind.TRANSFORM: "transformation",
    PluginKind.PREDICATE: "predicate",
    PluginKind.CONVERTER: "converter",
    PluginKind.HEADER_CONVERTER: "header_converter",
}
_LATEST = "latest"
_SUFFIX = "Connector"


async def get_plugins(request: web.Request) -> web.Response:
    """Sinks; with ``connectorsOnly=false`` the rest, too."""
    kinds = [PluginKind.SINK] if flag(request, "connectorsOnly", default=True) else list(_KINDS)
    return json_response([shown for kind in kinds for shown in _listed(kind)])


async def get_plugin_config(request: web.Request) -> web.Response:
    """The definitions of its options."""
    plugin = name_of(request)
    for kind in _KINDS:
        if plugins.version(kind, plugin) is None:
            continue
        try:
            found = plugins.find(kind, plugin, "plugin")
        except ConfigError as error:
            raise BadRequestError(str(error)) from error
        _check_version(plugin, plugins.version(kind, plugin), request.query.get("version", _LATEST))
        return json_response([key.shown() for key in plugin_keys(kind, found)])
    raise NotFoundError(f"Unknown plugin {plugin}.")


async def validate_config(request: web.Request) -> web.Response:
    """200 with every option, whether there are faults or not."""
    config = await read_config(request)
    included, asked = config.get(CLASS_OPTION), name_of(request)
    if included is not None and not _is_same(included, asked):
        raise BadRequestError(f"Included connector type {included} does not match request type {asked}")
    return json_response((await request.app[HERDER].validate(config)).shown())


def _listed(kind: PluginKind) -> Iterator[dict[str, Any]]:
    for class_name, version in plugins.classes(kind):
        yield {"class": class_name, "type": _KINDS[kind], "version": version}


def _is_same(included: str, asked: str) -> bool:
    """As Kafka Connect compares them; or both are names of one plug-in."""
    if _shortened(included).endswith(_shortened(asked)):
        return True
    return plugins.is_same(PluginKind.SINK, included, asked)


def _shortened(class_name: str) -> str:
    return class_name.removesuffix(_SUFFIX) or class_name


def _check_version(plugin: str, installed: str | None, wanted: str) -> None:
    """Kafka Connect takes ranges as Maven writes them; here a version, or a range that is one, is enough."""
    if wanted in {_LATEST, installed} or wanted.strip("[]") == installed:
        return
    raise BadRequestError(
        f"Plugin {plugin} not found that matches the version range {wanted}, available versions:"
        f" [{installed}]"
    )
