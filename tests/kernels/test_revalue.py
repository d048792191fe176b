"""Both builds of the chain kernels against their slow twins, fifty digits and exact limits; contracts to the bit."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from seawall.errors import BrokenKernel
from seawall.kernels import revalue
from seawall.kernels.black import black_greeks, black_value, inverse_greeks
from seawall.kernels.revalue import (
    BLOCK,
    Moves,
    Options,
    contract_values,
    option_greeks,
    option_values,
    product_values,
)

BUILDS = pytest.mark.parametrize("fast", [False, True], ids=["exact", "fast"])


def chain(count: int = 120, scenarios: int = BLOCK + 77, seed: int = 5) -> tuple[Options, Moves]:
    """Options of three rows, strikes to eight deviations on both sides, scenarios that move all that can move."""
    rng = np.random.default_rng(seed)
    years, volatility = 10 ** rng.uniform(-4, 1, count), rng.uniform(0.05, 2, count)
    strike = 100 * np.exp(rng.uniform(-8, 8, count) * volatility * np.sqrt(years))
    shape = (3, scenarios)
    options = Options(strike, volatility, years, np.where(rng.random(count) < 0.5, 1.0, -1.0), np.arange(count) % 2,
                      rng.uniform(0.1, 10, count), rng.integers(0, 3, count))
    return options, Moves(100 * np.exp(rng.normal(0, 0.2, shape)), np.exp(rng.normal(0, 0.3, shape)),
                          np.sqrt(rng.uniform(0, 1, shape)), np.ones(shape), rng.uniform(-0.05, 0.2, shape))


def cells(options: Options, moves: Moves) -> dict[str, np.ndarray]:
    """Each argument of the slow twins, broadcast to (I,S)."""
    at = options.row
    return {"sign": options.sign[:, None], "forward": moves.forward[at], "strike": options.strike[:, None],
            "years": options.years[:, None] * moves.root[at] ** 2,
            "volatility": options.volatility[:, None] * moves.volatility[at]}


@BUILDS
def test_values_equal_the_slow_twins(fast: bool) -> None:
    options, moves = chain()
    c, coin, size = cells(options, moves), options.inverse[:, None] == 1, options.size[:, None]
    wanted = size * black_value(**c) / np.where(coin, c["forward"], 1.0)
    scale = size * np.maximum(c["forward"], c["strike"]) / np.where(coin, c["forward"], 1.0)
    # A few roundings of the larger of forward and strike: 8e-16 was seen.
    assert (np.abs(option_values(options, moves, fast=fast) - wanted) <= 2e-15 * scale).all()


@BUILDS
@pytest.mark.parametrize("inverse", [0, 1], ids=["linear", "inverse"])
def test_first_order_greeks_equal_the_slow_twins(fast: bool, inverse: int) -> None:
    options, moves = chain()
    options = options._replace(inverse=np.full(len(options.strike), inverse))
    c = cells(options, moves)
    with np.errstate(all="ignore"):
        rate = moves.rate[options.row]
        twin = inverse_greeks(**c) if inverse else black_greeks(**c, rate=rate)
    found, size = option_greeks(options, moves, fast=fast), options.size[:, None]
    root, ratio = np.sqrt(c["years"]), np.maximum(1.0, c["strike"] / c["forward"])
    worth = ratio if inverse else np.maximum(c["forward"], c["strike"])
    bell = 1.0 if inverse else c["forward"]
    # Each against the most it reaches; roundings of d1 times the bell's steepness, a few more where d1 is large.
    heights = {"value": worth, "delta": ratio / c["forward"] if inverse else 1.0, "vega": bell * root,
               "theta": np.abs(rate) * worth + bell * c["volatility"] / np.maximum(root, 1e-300),
               "rho": c["years"] * worth}
    for name, height in heights.items():
        error = np.abs(getattr(found, name) / size - getattr(twin, name))
        assert (error <= 4e-15 * height).all(), name


@BUILDS
def test_the_greeks_pass_gives_the_values_of_the_value_pass(fast: bool) -> None:
    options, moves = chain()
    apart = np.abs(option_greeks(options, moves, fast=fast).value - option_values(options, moves, fast=fast))
    scale = options.size[:, None] * np.maximum(moves.forward[options.row], options.strike[:, None])
    assert (apart <= 4e-15 * scale).all()


def one(strike: float, sign: float, *, years: float = 0.25, volatility: float = 0.4, forward: float = 100.0,
        inverse: int = 0, discount: float = 1.0, root: float = 1.0) -> tuple[Options, Moves]:
    table = np.ones((1, 1))
    return (Options(np.array([strike]), np.array([volatility]), np.array([years]), np.array([sign]),
                    np.array([inverse]), np.ones(1), np.zeros(1, np.int64)),
            Moves(forward * table, table, root * table, discount * table, 0.0 * table))


@BUILDS
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("strike", [0.0, 80.0, 100.0, 130.0])
@pytest.mark.parametrize("limit", [{"years": 0.0}, {"volatility": 0.0}, {"forward": 0.0}, {"root": 0.0}],
                         ids=lambda d: next(iter(d)))
def test_at_the_limits_only_discounted_intrinsic_is_left(limit: dict, strike: float, sign: float, fast: bool) -> None:
    case = one(strike, sign, discount=0.75, **limit)
    wanted = 0.75 * max(sign * (float(case[1].forward[0, 0]) - strike), 0.0)
    assert option_values(*case, fast=fast)[0, 0] == wanted
    found = option_greeks(*case, fast=fast)
    assert found.value[0, 0] == wanted
    assert found.delta[0, 0] == (0.75 * sign if wanted > 0 else 0.0)
    assert found.vega[0, 0] == found.theta[0, 0] == 0.0


@BUILDS
@pytest.mark.parametrize("years", [1e-9, 0.25, 4.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("deviations", [2.0, 10.0, 30.0])
def test_far_out_values_are_those_of_fifty_digits(deviations: float, sign: float, years: float, fast: bool) -> None:
    s = 0.4 * years**0.5
    strike = 100.0 * float(np.exp(sign * deviations * s))
    with mp.workdps(50):
        d1 = mp.log(mp.mpf(100) / mp.mpf(strike)) / mp.mpf(s) + mp.mpf(s) / 2
        wanted = sign * (100 * mp.ncdf(sign * d1) - mp.mpf(strike) * mp.ncdf(sign * (d1 - mp.mpf(s))))
    found = option_values(*one(strike, sign, years=years), fast=fast)[0, 0]
    # The shorter fit's 2e-11 on both of two nearly equal tails, whose difference is about s of one.
    assert found == pytest.approx(float(wanted), rel=1e-10 / min(s, 1.0), abs=2e-13)
    assert found >= 0.0
    if deviations == 30.0:
        assert found == pytest.approx(float(wanted), rel=1e-10 / min(s, 1.0), abs=0.0)


@BUILDS
def test_fifty_deviations_out_an_option_is_worth_nothing(fast: bool) -> None:
    for sign in (1.0, -1.0):
        strike = 100.0 * float(np.exp(sign * 50 * 0.2))
        assert option_values(*one(strike, sign), fast=fast)[0, 0] == 0.0
        assert option_values(*one(strike, -sign), fast=fast)[0, 0] == abs(100.0 - strike)


@BUILDS
@pytest.mark.parametrize("name", ["forward", "years", "volatility", "discount", "root", "strike"])
def test_a_missing_number_is_not_turned_into_a_value(name: str, fast: bool) -> None:
    for sign in (1.0, -1.0):
        case = one(np.nan, sign) if name == "strike" else one(90.0, sign, **{name: np.nan})
        assert np.isnan(option_values(*case, fast=fast)).all()
        assert np.isnan(option_greeks(*case, fast=fast).value).all()


def test_an_exact_values_bits_do_not_depend_on_what_is_priced_beside_it() -> None:
    options, moves = chain()
    whole = option_values(options, moves)
    part = Options(*(column[7:8] for column in options))
    assert option_values(part, moves).tobytes() == whole[7:8].tobytes()
    for columns in (slice(0, 1), slice(3, 14), slice(BLOCK - 5, BLOCK + 6), slice(BLOCK + 76, None)):
        some = Moves(*(np.ascontiguousarray(column[:, columns]) for column in moves))
        assert option_values(options, some).tobytes() == whole[:, columns].tobytes()


@BUILDS
def test_contracts_and_products_equal_numpy(fast: bool) -> None:
    rng = np.random.default_rng(8)
    size, inverse, row = rng.uniform(0.1, 9, 40), np.arange(40) % 2, rng.integers(0, 3, 40)
    price, accrued = 100 * np.exp(rng.normal(0, 1, (3, 333))), rng.normal(0, 0.01, (3, 333))
    paid = np.where(inverse[:, None] == 1, -size[:, None] / price[row], size[:, None] * price[row])
    wanted = paid - np.abs(paid) * accrued[row]
    found = contract_values(size, inverse, row, price, accrued, fast=fast)
    product = product_values(size, row, price, accrued, fast=fast)
    if fast:
        assert np.allclose(found, wanted, rtol=4e-16, atol=0)
        assert np.allclose(product, size[:, None] * price[row] * accrued[row], rtol=4e-16, atol=0)
    else:
        assert found.tobytes() == wanted.tobytes()
        assert product.tobytes() == (size[:, None] * price[row] * accrued[row]).tobytes()


def test_room_that_is_given_is_used() -> None:
    options, moves = chain(count=3, scenarios=9)
    room = np.empty((3, 9))
    assert option_values(options, moves, room=room) is room
    greeks = np.empty((5, 3, 9))
    assert option_greeks(options, moves, room=greeks).rho.base is greeks


def test_the_two_builds_have_names_of_their_own_so_that_the_cache_keeps_them_apart() -> None:
    for built in (revalue.value_build, revalue.greek_build, revalue.contract_build, revalue.product_build):
        exact, fast = built.exact.function, built.fast.function
        assert exact.__qualname__ != fast.__qualname__
        assert exact.__code__ is fast.__code__


@BUILDS
def test_a_start_up_check_refuses_a_kernel_that_is_a_trifle_wrong(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    checks = {"value_build": revalue.check_options, "greek_build": revalue.check_greeks,
              "contract_build": revalue.check_contracts, "product_build": revalue.check_contracts}
    for name, check in checks.items():
        right = getattr(revalue, name)

        def off(*arguments: object, right: object = right) -> None:
            (right.fast if fast else right.exact)(*arguments)
            arguments[-1][...] *= 1 + 1e-10

        off.function = right.exact.function  # named in the error
        monkeypatch.setattr(revalue, name, right._replace(exact=off, fast=off))
        with pytest.raises(BrokenKernel):
            check.__wrapped__(fast)
        monkeypatch.undo()
        assert check.__wrapped__(fast) <= 2e-16
