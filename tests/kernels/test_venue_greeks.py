"""The kernel's Greeks against those that a venue published for its whole chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv
import pytest

from kernels.exact_black import NAMES, Points, linear_scales
from seawall.kernels.black import black_greeks, black_scholes_greeks

# What each is divided by to be in the venue's unit, and the last digit that it prints.
PRINTED = {"delta": (1, 1e-5), "gamma": (1, 1e-5), "vega": (100, 1e-5), "theta": (365, 1e-5), "rho": (100, 1e-5)}
# Volatilities are printed to a hundredth of a point, half of which is 1e-4 of a volatility of 50 %; forwards move
# between a row's stamp and the moment its Greeks were made.
ROUNDED = 1e-4


@pytest.mark.shared_data
def test_every_greek_of_a_whole_chain_is_the_one_the_venue_printed(shared_data: Path) -> None:
    table = pyarrow.csv.read_csv(shared_data / "deribit_chain" / "deribit_btc_ticker_full_greeks_202005.csv")
    rows = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    stamp = table["timestamp"].cast(pyarrow.timestamp("ms", "UTC")).cast(pyarrow.int64()).to_numpy()
    years = (rows["expiration_timestamp"] - stamp) / 1000 / (365 * 86400)
    far = years > 2 / 365  # nearer ones print what is left of the day, not a rate of theta
    assert far.sum() == 230
    sign, one = np.where(rows["option_type"] == "call", 1.0, -1.0)[far], np.ones(far.sum())
    forward, strike = rows["underlying_price"][far], rows["strike"][far].astype(float)
    volatility = rows["mark_iv"][far] / 100
    found = black_greeks(sign, forward, strike, years[far], volatility)
    # The venue prints the textbook's rho: spot held, the forward and the discount both moving with the rate.
    rho = black_scholes_greeks(sign, forward, strike, years[far], volatility, rate=0.0, carry=0.0).rho
    scales = linear_scales(Points(sign, forward, strike, years[far], volatility, one, 0 * one), found.value)
    for name, (unit, digit) in PRINTED.items():
        ours, scale = (rho if name == "rho" else getattr(found, name)), scales[:, NAMES.index(name)]
        miss = np.abs(ours / unit - rows[name][far])
        assert (miss <= 0.51 * digit + ROUNDED * scale / unit).all(), (name, (miss / (scale / unit)).max())
