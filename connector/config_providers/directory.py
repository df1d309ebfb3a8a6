"""``${directory:/path:file}``: the content of a file in a folder, as Kubernetes mounts its secrets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.config_providers.place import PlaceConfig, allowed, read_secret

if TYPE_CHECKING:
    from collections.abc import Mapping


class DirectoryConfigProvider(ConfigProvider):
    """Kafka's DirectoryConfigProvider; the path is a folder, the keys are names of files in it.

    One line end at the end of a file is not part of the value, other than in Kafka: ``echo`` and editors
    add it, no secret has it, and AWS answers a key that ends with it with SignatureDoesNotMatch.
    """

    config_class = PlaceConfig

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        if not path:
            raise UnavailableError("there is no path in it: write ${provider:/path/of/folder:file}")
        folder = Path(path)
        if not os.path.isdir(allowed(folder, self.config)):  # noqa: PTH112 - False, too, where it may not look
            raise UnavailableError(
                f"there is no folder {path}: check the path, and whether the volume is mounted"
            )
        return {key: _one_line_end_less(read_secret(folder / _file_name(key), self.config)) for key in keys}


def _file_name(key: str) -> str:
    if not key or "/" in key or key in {".", ".."}:
        raise UnavailableError("its key is no name of a file: the folder is named before the last colon")
    return key


def _one_line_end_less(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
