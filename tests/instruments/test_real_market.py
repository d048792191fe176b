"""The promises hold on the packaged real chain: its smiles, its forwards, its strikes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from seawall.formats.deribit import read_deribit
from seawall.instruments.plugins import kinds
from seawall.market.build import build_market
from seawall.model.market import Market
from seawall.samples import crypto_desk
from seawall.testing import check_instrument


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(read_deribit(crypto_desk().market))


@pytest.mark.parametrize(("name", "every", "least"), [("option", 7, 100), ("future", 1, 8), ("perpetual", 1, 1)])
def test_listed_contracts_keep_every_promise_at_the_market(market: Market, name: str, every: int, least: int) -> None:
    kind = kinds()[name]
    soon = market.as_of + timedelta(days=2)  # a bump of five points needs a value that bends no sharper
    listed = [i for i in market.listing.values() if i.kind == name and (i.expires_at is None or i.expires_at > soon)]
    valued = [i for i in listed if all(factor.key in market.index for factor in kind.factors(i, market))]
    checked = valued[::every]
    assert len(checked) >= least
    check_instrument(kind, checked, market)
