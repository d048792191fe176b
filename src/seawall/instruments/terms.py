"""Which terms can an instrument have? Checks that several kinds share; each raises InputError naming the field."""

from __future__ import annotations

import numpy as np

from seawall.model.instrument import Instrument, refuse


def check_size(instrument: Instrument) -> None:
    """A contract size is a positive number: which way a line is held is the sign of its quantity."""
    if not (np.isfinite(instrument.contract_size) and instrument.contract_size > 0):
        raise refuse(instrument.instrument_id, "contract_size", instrument.contract_size, "a positive number")


def check_contract(instrument: Instrument, *payoffs: str) -> None:
    """A derivative's payoff is one of ``payoffs``, and its currencies agree with it."""
    check_size(instrument)
    found = instrument.settlement_currency
    if instrument.payoff not in payoffs:
        raise refuse(instrument.instrument_id, "payoff", instrument.payoff, " or ".join(payoffs))
    field = f"settlement_currency of a contract with {instrument.payoff} payoff"
    wanted = {"linear": instrument.quote_currency, "inverse": instrument.underlying}.get(instrument.payoff)
    if wanted is not None and found != wanted:
        raise refuse(instrument.instrument_id, field, found, wanted)
    if instrument.payoff == "quanto" and found == instrument.quote_currency:
        raise refuse(instrument.instrument_id, field, found, "another than the quote currency, or payoff linear")


def check_held(instrument: Instrument, currency: str) -> None:
    """What is owned outright pays linearly and is worth its amount in ``currency``."""
    check_size(instrument)
    if instrument.payoff != "linear":
        raise refuse(instrument.instrument_id, "payoff", instrument.payoff, "linear")
    if instrument.settlement_currency != currency:
        raise refuse(instrument.instrument_id, "settlement_currency", instrument.settlement_currency, currency)
