"""The same bytes from every compile target of Numba, every set of NumPy's processor features, any threads and order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from machine import whole

SCRIPT = Path(__file__).with_name("digests.py")
DISPATCHED = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
FUSES = bool(__cpu_features__.get("AVX2") and __cpu_features__.get("FMA3"))

# The oldest machine; the middle one, where fusing begins; and this one, with whatever it has.
OLDEST = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NPY_DISABLE_CPU_FEATURES": " ".join(DISPATCHED)}
MIDDLE = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe",
          "NPY_DISABLE_CPU_FEATURES": " ".join(DISPATCHED[1:])}
SETTINGS = {"oldest": OLDEST, **({"middle": MIDDLE} if FUSES else {}), "this": {}}
THREADS = {"one thread": "1", "two threads": "2"}
PLACES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DESKS = ("example", "crypto", "equity")


def digests(settings: dict[str, str], cache: Path, markets: Path) -> dict[str, str]:
    """What the script prints under these settings, compiled anew."""
    kept = {name: value for name, value in os.environ.items() if name not in OLDEST}
    paths = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(SCRIPT.parent.parent)}
    run = subprocess.run([sys.executable, str(SCRIPT), str(markets)], env={**kept, **settings, **paths},
                         capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    markets, caches = tmp_path_factory.mktemp("markets") / "markets", {}
    whole.written(markets)
    caches = {name: tmp_path_factory.mktemp(name) for name in SETTINGS}
    found = {name: digests(settings, caches[name], markets) for name, settings in SETTINGS.items()}
    return found | {name: digests(dict.fromkeys(PLACES, count), caches["this"], markets)
                    for name, count in THREADS.items()}


@pytest.mark.parametrize("desk", DESKS)
def test_whole_requirements_of_every_model_have_the_same_bytes_everywhere(
    machines: dict[str, dict[str, str]], desk: str
) -> None:
    assert len({machine[desk] for machine in machines.values()}) == 1, machines


@pytest.mark.parametrize("desk", DESKS)
def test_the_order_of_a_books_lines_moves_no_digit_of_what_decides(machines: dict[str, dict[str, str]], desk: str
                                                                    ) -> None:
    assert machines["this"][f"{desk} as it stands"] == machines["this"][f"{desk} turned"]


@pytest.mark.parametrize("piece", ["functions", "options", "folds"])
def test_every_target_gives_the_same_bytes(machines: dict[str, dict[str, str]], piece: str) -> None:
    assert len({machine[piece] for machine in machines.values()}) == 1, machines


@pytest.mark.skipif(not FUSES, reason="this processor cannot fuse, so all its targets are alike")
def test_a_loop_that_may_be_fused_gives_other_bytes_so_that_a_difference_would_be_seen(
    machines: dict[str, dict[str, str]],
) -> None:
    assert machines["oldest"]["control"] != machines["middle"]["control"]
    assert (machines["oldest"]["registers"], machines["middle"]["registers"]) == ("xmm", "ymm")
