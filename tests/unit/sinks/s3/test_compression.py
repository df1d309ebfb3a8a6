from __future__ import annotations

import gzip
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import zstandard

from connector.sinks.s3.compression import SUFFIXES, compressor

if TYPE_CHECKING:
    from collections.abc import Callable


def _unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read()


DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"none": bytes, "gzip": gzip.decompress, "zstd": _unzstd}
BLOCK = b'{"id":1,"name":"x"}\n' * 5000


@pytest.mark.parametrize("name", SUFFIXES)
def test_frames_decode_alone_and_as_a_chain(name: str) -> None:
    stream = compressor(name)
    frames = [stream.compress(BLOCK) + stream.compress(b"tail") + stream.finish() for _ in range(3)]
    assert [DECOMPRESS[name](frame) for frame in frames] == [BLOCK + b"tail"] * 3
    assert DECOMPRESS[name](b"".join(frames)) == (BLOCK + b"tail") * 3


@pytest.mark.parametrize("name", SUFFIXES)
def test_nothing_begun_leaves_nothing_to_finish(name: str) -> None:
    stream = compressor(name)
    assert stream.finish() == b""
    stream.compress(BLOCK)
    stream.finish()
    assert stream.finish() == b""


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_an_empty_object_is_a_valid_file(name: str) -> None:
    stream = compressor(name)
    frame = stream.compress(b"") + stream.finish()
    assert frame
    assert DECOMPRESS[name](frame) == b""


@pytest.mark.parametrize("name", SUFFIXES)
def test_the_same_data_gives_the_same_bytes(name: str) -> None:
    first, second = ((stream := compressor(name)).compress(BLOCK) + stream.finish() for _ in range(2))
    assert first == second


def test_gzip_carries_no_time() -> None:
    stream = compressor("gzip")
    assert (stream.compress(b"x") + stream.finish())[4:8] == bytes(4)


@pytest.mark.parametrize(("name", "tool"), [("gzip", "gzip"), ("zstd", "zstd")])
def test_command_line_tools_read_a_chain(name: str, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    stream = compressor(name)
    chain = b"".join(stream.compress(BLOCK) + stream.finish() for _ in range(2))
    assert subprocess.run([tool, "-dc"], input=chain, capture_output=True, check=True).stdout == BLOCK * 2
