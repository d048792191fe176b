"""The machine code of the hot loops, whatever the clock says: wide registers, no call of a mathematics library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding

SCRIPT = Path(__file__).with_name("assembly.py")
FEATURES = binding.get_host_cpu_features()
WIDE = "zmm" if FEATURES.get("avx512f") else "ymm" if FEATURES.get("avx2") else ""
BUILT = [f"{kind}_build {build}" for kind in ("value", "greek", "contract", "product") for build in ("exact", "fast")]
HOT = ["black_call_put", "revalue_vanilla", *BUILT]
LIBRARY = ("exp", "log", "pow", "er", "erfc", "sqrt", "expm1", "log1p", "sin", "cos", "tanh", "exp2", "log2", "cbrt")


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What each kernel is made of, compiled anew: nothing can be seen of code that came from the cache."""
    run = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=True,
                         env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))})
    return dict(json.loads(run.stdout))


def plain(name: str) -> str:
    """A function's name without what compilers and precisions add to it; erf too loses its f."""
    return name.strip("_").removeprefix("numba_").removesuffix("_finite").removesuffix("f")


def library_calls(kernel: dict) -> list[str]:
    """Functions of the C library's mathematics among what it calls, whatever vendor's prefix they carry."""
    return [name for name in kernel["called"] if plain(name) in LIBRARY]


@pytest.mark.skipif(not WIDE, reason="this processor's registers hold two numbers: there is nothing wider to look for")
@pytest.mark.parametrize("name", HOT)
def test_hot_loops_work_on_the_widest_registers(code: dict[str, dict], name: str) -> None:
    assert code[name][WIDE] > 0, code[name]


@pytest.mark.parametrize("name", HOT)
def test_hot_loops_call_no_mathematics_library(code: dict[str, dict], name: str) -> None:
    assert library_calls(code[name]) == []


def test_a_loop_that_calls_the_library_is_noticed(code: dict[str, dict]) -> None:
    assert {"er", "exp"} <= {plain(name) for name in library_calls(code["careless"])}


@pytest.mark.skipif(not FEATURES.get("fma"), reason="this processor cannot fuse, so its two builds are alike")
def test_only_the_fast_build_fuses(code: dict[str, dict]) -> None:
    assert {name for name in HOT if code[name]["fused"]} == {
        name for name in BUILT if name.endswith("fast") and not name.startswith("product")}
