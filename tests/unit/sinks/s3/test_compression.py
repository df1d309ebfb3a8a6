from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard
from cramjam import snappy

from connector.sinks.s3.compression import SUFFIXES, compressor, tables_bytes

if TYPE_CHECKING:
    from collections.abc import Callable


def _unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read()


def _unxerial(data: bytes) -> bytes:
    """As Java's SnappyInputStream reads it: headers may stand between blocks."""
    found, at = b"", 0
    while at < len(data):
        if data[at : at + 8] == b"\x82SNAPPY\0":
            assert data[at + 8 : at + 16] == bytes([0, 0, 0, 1, 0, 0, 0, 1])
            at += 16
            continue
        size = int.from_bytes(data[at : at + 4])
        block = bytes(snappy.decompress_raw(data[at + 4 : at + 4 + size]))
        assert len(block) <= 32 * 1024
        found, at = found + block, at + 4 + size
    return found


DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.decompress,
    "snappy": _unxerial,
    "zstd": _unzstd,
}
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


@pytest.mark.parametrize("name", ["gzip", "snappy", "zstd"])
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


def test_snappy_blocks_are_full_however_the_data_comes() -> None:
    at_once, in_drops = compressor("snappy"), compressor("snappy")
    expected = at_once.compress(BLOCK) + at_once.finish()
    drops = [in_drops.compress(BLOCK[start : start + 777]) for start in range(0, len(BLOCK), 777)]
    assert b"".join(drops) + in_drops.finish() == expected


@pytest.mark.parametrize(
    ("name", "level"), [("gzip", 1), ("gzip", 3), ("gzip", 4), ("gzip", 9), ("zstd", 1), ("zstd", 19)]
)
def test_every_level_is_read_back(name: str, level: int) -> None:
    stream = compressor(name, level)
    assert DECOMPRESS[name](stream.compress(BLOCK) + stream.finish()) == BLOCK


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_higher_level_is_smaller_and_counts_more_memory(name: str) -> None:
    data = b"".join(b"%d:%x;" % (number, number * 7919 % 100_003) for number in range(20_000))
    low, high = compressor(name, 1), compressor(name, 9)
    assert len(high.compress(data) + high.finish()) < len(low.compress(data) + low.finish())
    assert tables_bytes(name, 9) > tables_bytes(name, 1) == tables_bytes(name)


_STREAMS = """
import sys
from random import Random
from connector.sinks.s3.compression import compressor

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

name, taken, count = sys.argv[1], int(sys.argv[2]), 50
random = Random(0)
blocks = [b"%0500x;%d" % (random.getrandbits(1000), 10**500) for _ in range(taken // 1000)]
compressor(name).compress(b"x")
before = resident()
streams = [compressor(name) for _ in range(count)]
for stream in streams:
    for block in blocks:
        stream.compress(block)
print((resident() - before) // count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the memory")
@pytest.mark.parametrize(("name", "most_kb"), [("gzip", 200), ("zstd", 370)])
def test_a_stream_that_took_much_stays_small(name: str, most_kb: int) -> None:
    """A thousand of them may be open."""
    command = [sys.executable, "-c", _STREAMS, name, "1000000"]
    held = int(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert held <= most_kb * 1024
