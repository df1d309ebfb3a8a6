"""``.proto`` text as descriptors: Google's protoc reads it, in a process of its own.

The text is anybody's who may register schemas: it is bounded, its imports lead to nothing but files that are
known here, and who takes too long is ended. Blocks, and is called from threads.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from connector.converters.protobuf import GOOGLE
from connector.error_codes import ErrorCode
from connector.errors import RetriableError

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

EXTRA = "protoc"
_MODULES = ("grpc_tools", "google.type")
_MOST_CHARACTERS = 170_000
"""Of a schema's definition, by the reference of Glue's API."""
_SECONDS = 120.0
"""For a process to begin and end on a machine that is busy; what it may compute is bounded below."""
_CPU_SECONDS = 20
_MOST_BYTES = 2 * 1024 * 1024 * 1024
_MOST_SHOWN = 500
_NAME = "schema.proto"
_LOGGED = re.compile(r"[IWEF]\d{4} |WARNING: All log messages")
"""What the library beneath protoc says beside its faults."""

_PIECE = re.compile(
    r"""  "(?:\\.|[^"\\\n])*"?  |  '(?:\\.|[^'\\\n])*'?  |  //[^\n]*  |  /\*.*?(?:\*/|\Z)
     |  (?P<entry>\boption\s+map_entry\s*=\s*true\s*;)
     |  (?P<bare>(?<![\w.(])metadata\.metadata_(?:key|value)\b(?!\s*\)))""",
    re.DOTALL | re.VERBOSE,
)
"""Texts and comments, in which nothing is replaced; what does not end goes on to where the search does."""
_MARK = "option no_standard_descriptor_accessor = true;"
_ENTRY = [("key", 1), ("value", 2)]

_CHILD = f"""
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({_CPU_SECONDS}, {_CPU_SECONDS}))
    resource.setrlimit(resource.RLIMIT_AS, ({_MOST_BYTES}, {_MOST_BYTES}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, OSError, ValueError):
    pass
from grpc_tools import protoc
sys.exit(protoc.main(sys.argv))
"""

_TYPES = (
    "calendar_period", "color", "date", "dayofweek", "expr", "fraction", "interval", "latlng",
    "localized_text", "money", "month", "phone_number", "postal_address", "quaternion", "timeofday",
)  # fmt: skip
_STRING, _INT64, _INT32, _UINT32 = 9, 3, 5, 13


def is_installed() -> bool:
    """Whether the extra is there."""
    return all(find_spec(each) is not None for each in _MODULES)


def compiled(text: str) -> FileDescriptor:
    """The file that the text is, in a pool of its own.

    Raises:
        ValueError: It is no file that can be read; says where and why.
        RetriableError: protoc cannot be run now.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"its text has more than {_MOST_CHARACTERS} characters")
    pool = DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(_described(_legal(text))).file:
        for message in file.message_type:
            _restore(message)
        try:
            pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise ValueError(str(error)) from error
    found: FileDescriptor = pool.FindFileByName(_NAME)
    return found


def _legal(text: str) -> str:
    """As protoc takes it: AWS's serialisers write entries of maps out, and its options without brackets."""

    def repaired(found: re.Match[str]) -> str:
        if found["entry"]:
            return _MARK
        return f"({found[0]})" if found["bare"] else found[0]

    return _PIECE.sub(repaired, text)


def _restore(message: descriptor_pb2.DescriptorProto) -> None:
    for nested in message.nested_type:
        _restore(nested)
        fields = [(field.name, field.number) for field in nested.field]
        if nested.options.no_standard_descriptor_accessor and fields == _ENTRY:
            nested.options.ClearField("no_standard_descriptor_accessor")
            nested.options.map_entry = True


def _described(text: str) -> bytes:
    try:
        with TemporaryDirectory(prefix="connector-protoc-") as folder:
            return _run(Path(folder), text)
    except UnicodeEncodeError as error:
        raise ValueError(f"its text is no Unicode: {error.reason}") from error
    except OSError as error:
        fact = f"protoc, which reads the schema, cannot be run: {error}"
        raise RetriableError(fact, code=ErrorCode.SCHEMA_COMPILER) from error
    except subprocess.TimeoutExpired as error:
        fact = f"protoc did not read the schema within {_SECONDS:g} s"
        raise RetriableError(fact, code=ErrorCode.SCHEMA_COMPILER) from error


def _run(folder: Path, text: str) -> bytes:
    sources, known, answer = folder / "sources", folder / "known", folder / "answer"
    sources.mkdir()
    (sources / _NAME).write_bytes(text.encode())
    known.write_bytes(_known())
    command = [
        *(sys.executable, "-P", "-c", _CHILD, f"-I{sources}", f"--descriptor_set_in={known}"),
        *("--include_imports", f"--descriptor_set_out={answer}", _NAME),
    ]
    run = subprocess.run(  # noqa: S603 - the text is in a file, and nothing in it is run
        command,
        cwd=sources,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if run.returncode == 0:
        return answer.read_bytes()
    if run.returncode < 0:
        raise ValueError(f"protoc was ended by signal {-run.returncode} while it read its text")
    said = run.stderr.decode(errors="replace").replace(f"{sources}/", "").splitlines()
    faults = " ".join(line for line in said if not _LOGGED.match(line))
    raise ValueError(f"protoc refuses its text: {faults[:_MOST_SHOWN]}")


@cache
def _known() -> bytes:
    """What schemas may import, as AWS's library has it: Google's files, and two of its own."""
    known = descriptor_pb2.FileDescriptorSet()
    for data in GOOGLE.values():
        known.file.add().ParseFromString(data)
    for name in _TYPES:
        known.file.add().ParseFromString(import_module(f"google.type.{name}_pb2").DESCRIPTOR.serialized_pb)
    known.file.append(_decimal())
    known.file.append(_metadata())
    return bytes(known.SerializeToString())


def _decimal() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="additionalTypes/decimal.proto", package="additionalTypes", syntax="proto3"
    )
    message = file.message_type.add(name="Decimal")
    fields = {"units": _INT64, "fraction": _INT32, "precision": _UINT32, "scale": _INT32}
    for number, (name, type_) in enumerate(fields.items(), 1):
        message.field.add(name=name, number=number, type=type_, label=1)
    return file


def _metadata() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="metadata/metadata.proto", package="metadata", syntax="proto3"
    )
    file.dependency.append("google/protobuf/descriptor.proto")
    for number, name in METADATA.items():
        file.extension.add(
            name=name, number=number, type=_STRING, label=1, extendee=".google.protobuf.FieldOptions"
        )
    return file


METADATA = {50001: "metadata_key", 50002: "metadata_value"}
"""Options of fields, by which AWS's converters tell each other what Protobuf has no types for."""
