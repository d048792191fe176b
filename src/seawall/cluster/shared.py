"""How does a cube reach every worker? As one Parquet file that each maps for itself, or along with the task.

The file holds the P&L alone, a row an instrument, as the exact bits; all else of the cube is small and goes with the
task. A worker reads the file once, and refuses one that is not the cube it was told of.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet

from seawall.errors import FileProblem
from seawall.model.arrays import Floats
from seawall.model.results import Cube

KEPT = 2  # cubes that one process keeps at once
ROWS = 256  # instruments of one row group
_cubes: OrderedDict[tuple[str, str], Cube] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class SharedCube:
    """A cube whose P&L stands in a file. rest: the cube without it. cube_id: of the whole."""

    rest: Cube
    path: str
    cube_id: str

    def read(self) -> Cube:
        """The cube. Raises FileProblem if the file is missing or is of another cube."""
        key = (self.path, self.cube_id)
        with _lock:
            if key not in _cubes:
                _cubes[key] = self._read()
                while len(_cubes) > KEPT:
                    _cubes.popitem(last=False)
            _cubes.move_to_end(key)
            return _cubes[key]

    def _read(self) -> Cube:
        cube = replace(self.rest, pnl=_pnl(self.path))
        if cube.cube_id != self.cube_id:
            raise FileProblem(self.path, "holds another cube", found=cube.cube_id, wanted=self.cube_id,
                              remedy="give a directory that nothing else writes to")
        return cube


def share(cube: Cube, directory: str | Path) -> SharedCube:
    """Writes the cube's P&L into a directory that every worker can read, under its identity."""
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"cube-{cube.cube_id[:16]}.parquet"
    flat = arrow.array(np.ascontiguousarray(cube.pnl).ravel())
    column = arrow.FixedSizeListArray.from_arrays(flat, cube.pnl.shape[1])
    names = [i.instrument_id for i in cube.instruments]
    # P&L is noise to a compressor, and a dictionary of it longer than itself.
    parquet.write_table(arrow.table({"instrument_id": names, "pnl": column}), path, row_group_size=ROWS,
                        compression="none", use_dictionary=False)
    return SharedCube(replace(cube, pnl=np.empty((len(cube.instruments), 0))), str(path.resolve()), cube.cube_id)


def _pnl(path: str) -> Floats:
    try:
        column: Any = parquet.read_table(path, columns=["pnl"]).column("pnl")
    except (OSError, arrow.ArrowException) as error:
        raise FileProblem(path, "cannot be read by a worker", found=str(error),
                          remedy="give a directory that every worker sees at this path, or none to send it along"
                          ) from error
    width = column.type.list_size
    return np.concatenate([c.flatten().to_numpy(zero_copy_only=False).reshape(-1, width) for c in column.chunks])
