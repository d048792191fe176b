"""How is a calibration written down? One TOML or JSON file, decoded strictly; tables checked whole, every gap named."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from seawall.errors import FileProblem

Kind = TypeVar("Kind")
Matrix = Sequence[Sequence[float]]


def decode_parameters(path: Path, kind: type[Kind]) -> Kind:
    """The file as that kind. Raises FileProblem naming the field that is missing, unknown or of another type."""
    decoders: dict[str, Callable[..., Kind]] = {".toml": msgspec.toml.decode, ".json": msgspec.json.decode}
    decode = decoders.get(path.suffix.lower())
    if decode is None:
        raise FileProblem(path, "unknown kind of file", found=path.suffix, wanted=".toml or .json")
    try:
        return decode(path.read_bytes(), type=kind)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise FileProblem(path, "cannot be read as parameters", found=str(error),
                          wanted=f"the fields of {kind.__name__}",
                          remedy="see the reference of regulatory models for the file's shape") from error


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raises FileProblem with every problem, if there is any."""
    if problems:
        raise FileProblem(path, f"{len(problems)} of its parameters cannot be used\n  " + "\n  ".join(problems) + "\n",
                          remedy="complete the file: a row that needs them has no margin without")


def matrix_problems(name: str, matrix: Matrix, size: int) -> list[str]:
    """What keeps the matrix from being one of correlations of so many names."""
    if len(matrix) != size or any(len(row) != size for row in matrix):
        return [f"{name}: not square; found {len(matrix)} rows of {sorted({len(row) for row in matrix})}; wanted "
                f"{size} by {size}"]
    found = []
    for i, row in enumerate(matrix):
        if row[i] != 1.0:
            found.append(f"{name}: row {i + 1} has no 1 on the diagonal; found {row[i]}")
        found += [f"{name}: row {i + 1} column {j + 1} is no correlation; found {row[j]}; wanted -1 to 1"
                  for j in range(size) if not -1.0 <= row[j] <= 1.0]
        found += [f"{name}: row {i + 1} column {j + 1} differs from its mirror; found {row[j]} and {matrix[j][i]}"
                  for j in range(i) if row[j] != matrix[j][i]]
    return found


def positive_problems(name: str, values: Mapping[str, float]) -> list[str]:
    """What among them is not finite and above zero."""
    return [f"{name}.{key}: found {value}; wanted a finite number above zero" for key, value in values.items()
            if not (value > 0 and math.isfinite(value))]


def correlation_problems(name: str, values: Mapping[str, float]) -> list[str]:
    """What among them is no correlation."""
    return [f"{name}.{key}: found {value}; wanted a number from -1 to 1" for key, value in values.items()
            if not -1.0 <= value <= 1.0]


def key_problems(name: str, found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Keys that are missing, or belong to nothing."""
    missing = [f"{name}.{key} is missing" for key in wanted if key not in found]
    return missing + [f"{name}.{key} belongs to nothing; wanted one of {', '.join(wanted)}" for key in found
                      if key not in wanted]


def repeated(name: str, found: Sequence[str]) -> list[str]:
    """Names that stand twice."""
    return [f"{name}: {key} stands twice" for key in sorted(set(found)) if found.count(key) > 1]
