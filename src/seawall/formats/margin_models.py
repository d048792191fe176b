"""Which margin models are there? Preset files: one given by path, or those of the group ``seawall.margin_models``.

An entry point's object is a function without arguments that returns its files: a mapping of file name to bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from seawall.errors import FileProblem, InputError
from seawall.margin.decode import decode
from seawall.model.margin import MarginModel

GROUP = "seawall.margin_models"
SUFFIX = ".toml"


def packaged() -> dict[str, bytes]:
    """The preset files that come with Seawall."""
    folder = resources.files("seawall.margin") / "presets"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(SUFFIX)}


@cache
def margin_models() -> Mapping[str, MarginModel]:
    """Every installed model by name. Raises InputError if two files claim one name."""
    found: dict[str, MarginModel] = {}
    for point in entry_points(group=GROUP):
        read: Callable[[], Mapping[str, bytes]] = point.load()
        for file, data in sorted(read().items()):
            model = decode(data, path=file)
            if model.name in found:
                raise InputError(f"two files define the margin model {model.name}", found=f"{point.value}: {file}",
                                 remedy="rename one, or uninstall the plugin")
            found[model.name] = model
    return MappingProxyType(dict(sorted(found.items())))


def read_margin_model(name_or_path: str | Path) -> MarginModel:
    """An installed model by its name, or a preset file by its path. Raises InputError or FileProblem."""
    text = str(name_or_path)
    if not text.endswith(SUFFIX):
        return _named(text)
    path = Path(text)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileProblem(path, "cannot be read", found=error.strerror, wanted="a preset file") from error
    return decode(data, path=path)


def _named(name: str) -> MarginModel:
    if name not in margin_models():
        raise InputError("no such margin model", found=name, wanted="one of " + ", ".join(margin_models()),
                         remedy="correct the name, or give the path of a preset file, ending in .toml")
    return margin_models()[name]
