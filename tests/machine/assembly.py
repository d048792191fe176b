"""Prints, as JSON, what the machine code of each hot kernel is made of: run in a process that has cached nothing.

python tests/machine/assembly.py. For each kernel: divisions and multiplications by register width, whether it fuses,
and what it calls by name.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
from numba import njit

from seawall.kernels import exact_black, revalue, vanilla


def kernels() -> dict[str, Any]:
    """Each hot kernel, compiled by its start-up check."""
    exact_black.check_compiled()
    vanilla.check_compiled()
    found = {"black_call_put": exact_black._value_each.compiled, "revalue_vanilla": vanilla.revalue_vanilla}
    for fast in (False, True):
        for check in (revalue.check_options, revalue.check_greeks, revalue.check_contracts):
            check(fast)
        for name in ("value_build", "greek_build", "contract_build", "product_build"):
            built = getattr(revalue, name)
            found[f"{name} {'fast' if fast else 'exact'}"] = (built.fast if fast else built.exact).compiled
    return found


@njit
def careless(x: np.ndarray) -> float:
    """What a hot loop must not be: one call a number."""
    total = 0.0
    for i in range(x.size):
        total += math.erf(x[i]) + math.exp(x[i])
    return total


def made_of(kernel: Any) -> dict[str, Any]:
    """Counts of wide arithmetic, and the names called."""
    code = "\n".join(kernel.inspect_asm().values())
    work = {width: len(re.findall(rf"v?(?:mul|div)pd\b.*%{width}", code)) for width in ("xmm", "ymm", "zmm")}
    called = re.findall(r"(?:callq?\s+\*?|jmp\s+|movabsq?\s+\$)([A-Za-z_]\w*)", code)
    return {**work, "fused": bool(re.search(r"vfn?m(?:add|sub)", code)), "called": sorted(set(called))}


if __name__ == "__main__":
    careless(np.ones(3))
    print(json.dumps({name: made_of(kernel) for name, kernel in {**kernels(), "careless": careless}.items()}))
