"""The compiled loop against its NumPy twin, another library and exact limits."""

from __future__ import annotations

import numpy as np
import pytest
import QuantLib

from seawall.errors import BrokenKernel
from seawall.kernels import vanilla
from seawall.kernels.black import black_value
from seawall.kernels.smile import coordinates, moved_volatility
from seawall.kernels.vanilla import BLOCK, check_compiled, revalue_vanilla

RAW = (0.01, 0.1, -0.3, 0.0, 0.2)
FITTED_YEARS = 0.25


class Case:
    """Options of three expiries under scenarios that move all that can move; more scenarios than one block."""

    def __init__(self, count: int = 60, scenarios: int = BLOCK + 77, seed: int = 3) -> None:
        rng = np.random.default_rng(seed)
        shape = (3, scenarios)
        level = float(coordinates(np.array(RAW), FITTED_YEARS)[0])
        self.strike, self.sign = 100 * np.exp(rng.normal(0, 0.6, count)), np.where(rng.random(count) < 0.5, 1.0, -1.0)
        self.inverse, self.size = np.arange(count) % 2, np.ones(count)
        self.expiry = rng.integers(0, 3, count)
        self.forward = 100 * np.exp(rng.normal(0, 0.3, shape))
        self.years = np.repeat(10 ** rng.uniform(-5, 1, (3, 1)), scenarios, axis=1)
        self.smile = np.tile([*RAW, level, FITTED_YEARS], (3, 1))
        self.level = level * np.exp(rng.normal(0, 0.5, shape))
        self.skew, self.curvature = rng.normal(0, 0.05, shape), rng.normal(0, 0.05, shape)
        self.discount = rng.uniform(0.5, 1, shape)

    def run(self, rows: slice = slice(None), columns: slice = slice(None)) -> np.ndarray:
        grids = (np.ascontiguousarray(a[:, columns]) for a in (self.forward, self.years))
        moves = (np.ascontiguousarray(a[:, columns]) for a in (self.level, self.skew, self.curvature, self.discount))
        out = np.empty((self.strike[rows].size, self.forward[:, columns].shape[1]))
        revalue_vanilla(self.strike[rows], self.sign[rows], self.inverse[rows], self.size[rows], self.expiry[rows],
                        *grids, self.smile, *moves, out)
        return out

    def twin(self) -> np.ndarray:
        f, t, e = self.forward[self.expiry], self.years[self.expiry], self.expiry
        strike = self.strike[:, None]
        with np.errstate(all="ignore"):
            vol = moved_volatility(np.log(strike / f), t, self.smile[e][:, None, :], self.level[e],
                                   self.skew[e], self.curvature[e])
        vol = np.where((t > 0) & (strike > 0), vol, 0.0)
        value = black_value(self.sign[:, None], f, strike, t, vol, self.discount[e])
        return self.size[:, None] * value / np.where(self.inverse[:, None], f, 1.0)


def test_the_compiled_loop_equals_its_numpy_twin_on_moving_smiles() -> None:
    case = Case(count=300)
    f = case.forward[case.expiry]
    strike = case.strike[:, None]
    # Against the forward, in its currency; a put struck above it is worth up to its strike.
    error = np.abs(case.run() - case.twin()) * np.where(case.inverse[:, None], f, 1.0) / np.maximum(f, strike)
    assert error.max() <= 4e-15  # a few roundings of d1 and of the two products: 1.4e-15 was measured


def test_a_flat_smile_gives_what_quantlib_gives() -> None:
    case = Case(count=20, scenarios=40)
    case.smile[:] = [0.16 * FITTED_YEARS, 0.0, 0.0, 0.0, 1.0, 0.4, FITTED_YEARS]
    case.level[:] = 0.4
    case.skew[:], case.curvature[:], case.inverse[:] = 0.0, 0.0, 0
    found = case.run()
    for i in range(20):
        for j in range(40):
            e = case.expiry[i]
            f, d, t = (float(a[e, j]) for a in (case.forward, case.discount, case.years))
            kind = QuantLib.Option.Call if case.sign[i] > 0 else QuantLib.Option.Put
            wanted = QuantLib.blackFormula(kind, float(case.strike[i]), f, 0.4 * t**0.5, d)
            # Their error function is the last bits' limit: 1e-14 of the larger of forward and strike.
            assert abs(found[i, j] - wanted) <= 1e-13 * max(f, case.strike[i])


def test_a_values_bits_do_not_depend_on_what_is_priced_beside_it() -> None:
    case = Case()
    whole = case.run()
    assert case.run(rows=slice(0, 7)).tobytes() == whole[:7].tobytes()
    assert case.run(rows=slice(31, 32)).tobytes() == whole[31:32].tobytes()
    for columns in (slice(0, 1), slice(3, 14), slice(BLOCK - 5, BLOCK + 6), slice(BLOCK + 76, None)):
        assert case.run(columns=columns).tobytes() == whole[:, columns].tobytes(), columns


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 2, 1], [2, 0, 1], [0, 0, 1], [1, 3, 0, 4], [3, 0], [0, 3, 1]])
def test_a_put_beside_its_call_has_the_bits_it_has_alone(order: list[int]) -> None:
    case = Case(count=5)
    case.strike[:], case.expiry[:] = [100, 100, 101, 100, 100], [1, 1, 1, 2, 1]
    case.sign[:], case.inverse[:], case.size[:] = [1, -1, -1, -1, -1], [0, 1, 0, 0, 0], [1, 3, 1, 1, 2]
    alone = [case.run(rows=slice(n, n + 1))[0] for n in range(5)]
    for name in ("strike", "sign", "inverse", "size", "expiry"):
        setattr(case, name, getattr(case, name)[order])
    for place, n in enumerate(order):
        assert case.run()[place].tobytes() == alone[n].tobytes(), (order, n)


def test_scenarios_that_bend_no_smile_have_the_bits_they_have_beside_those_that_do() -> None:
    case = Case()
    case.skew[:, :40], case.curvature[:, :40] = 0.0, 0.0
    assert case.run(columns=slice(0, 40)).tobytes() == case.run()[:, :40].tobytes()


@pytest.mark.parametrize("name", ["skew", "curvature"])
def test_either_bend_alone_moves_what_it_should(name: str) -> None:
    case = Case(count=20, scenarios=30)
    getattr(case, name)[:] = 0.0
    f = case.forward[case.expiry]
    error = np.abs(case.run() - case.twin()) * np.where(case.inverse[:, None], f, 1.0)
    assert (error <= 4e-15 * np.maximum(f, case.strike[:, None])).all()


def test_two_runs_give_the_same_bits() -> None:
    assert Case().run().tobytes() == Case().run().tobytes()


def one_option(strike: float, sign: float, *, years: float = 0.25, level: float = 0.4, forward: float = 100.0,
               inverse: int = 0, discount: float = 1.0, base: float = 0.16) -> float:
    out, one = np.empty((1, 1)), np.ones((1, 1))
    revalue_vanilla(np.array([strike]), np.array([sign]), np.array([inverse]), np.ones(1), np.zeros(1, np.int64),
                    forward * one, years * one, np.array([[base * 0.25, 0.0, 0.0, 0.0, 1.0, 0.4, 0.25]]), level * one,
                    0 * one, 0 * one, discount * one, out)
    return float(out[0, 0])


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("unit", [1.0, 2.0**-10], ids=["hundreds", "tenths"])
@pytest.mark.parametrize("strike", [0.0, 80.0, 100.0, 130.0])
@pytest.mark.parametrize("limit", [{"years": 0.0}, {"level": 0.0}, {"forward": 0.0}], ids=lambda d: next(iter(d)))
def test_at_the_limits_only_discounted_intrinsic_is_left(limit: dict, strike: float, unit: float, sign: float) -> None:
    arguments = {"forward": 100.0 * unit, **limit}
    found = one_option(strike * unit, sign, **arguments, discount=0.75)
    assert found == 0.75 * max(sign * (arguments["forward"] - strike * unit), 0.0)


@pytest.mark.parametrize(("sign", "wanted"), [(1.0, 100.0), (-1.0, 0.0)])
def test_a_zero_strike_is_the_forward_itself(sign: float, wanted: float) -> None:
    assert one_option(0.0, sign) == wanted
    assert one_option(0.0, sign, inverse=1) == wanted / 100.0


@pytest.mark.parametrize("years", [1e-12, 0.25, 30.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_thirty_deviations_out_intrinsic_is_all_and_the_rest_nothing(sign: float, years: float) -> None:
    s = 0.4 * years**0.5
    strike = 100.0 * float(np.exp(-sign * (30 + s) * s))
    assert one_option(strike, sign, years=years) == max(sign * (100.0 - strike), 0.0)
    assert 0 <= one_option(strike, -sign, years=years) < 1e-190 * max(100.0, strike)
    beyond = 100.0 * float(np.exp(-sign * 50 * s))
    assert one_option(beyond, -sign, years=years) == 0.0


def test_a_missing_number_is_not_turned_into_a_value() -> None:
    assert np.isnan(one_option(90.0, 1.0, level=np.nan))
    assert np.isnan(one_option(90.0, 1.0, forward=np.nan))
    assert np.isnan(one_option(90.0, 1.0, discount=np.nan))
    assert np.isnan(one_option(90.0, 1.0, years=np.nan))
    assert np.isnan(one_option(0.0, 1.0, forward=np.nan))


def test_the_start_up_check_passes_on_this_machine() -> None:
    assert check_compiled() <= 1e-15


def test_the_start_up_check_refuses_a_loop_that_is_a_trifle_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(*arguments: object) -> None:
        revalue_vanilla(*arguments)
        arguments[-1][...] *= 1 + 1e-10

    monkeypatch.setattr(vanilla, "revalue_vanilla", off)
    with pytest.raises(BrokenKernel, match="revalue_vanilla"):
        check_compiled()
