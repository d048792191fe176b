"""Deribit's recorded answers, in every shape they come in, with every kind of cell that cannot be used."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.errors import FileProblem
from seawall.formats.deribit import read_deribit
from seawall.model.quotes import Chain

OPTIONS: list[dict[str, Any]] = [
    {"instrument_name": "BTC-28AUG26-60000-C", "bid_price": 0.05, "ask_price": 0.052, "mark_price": 0.051,
     "mark_iv": 48.5, "underlying_price": 61000.0, "underlying_index": "BTC-28AUG26", "open_interest": 10.0,
     "creation_timestamp": 1785600000000},
    {"instrument_name": "BTC-28AUG26-62000-P", "bid_price": None, "ask_price": 0.04, "mark_price": 0.0,
     "mark_iv": 47.0, "underlying_price": 61000.0, "underlying_index": "SYN.BTC-28AUG26", "open_interest": 0.0,
     "creation_timestamp": 1785600001000},
    {"instrument_name": "BTC-2AUG26-61000-C", "bid_price": -0.01, "ask_price": "0.01", "mark_price": "n/a",
     "mark_iv": 0.0, "underlying_price": 60900.0, "underlying_index": "index_price", "open_interest": 1.0},
]
FUTURES: list[dict[str, Any]] = [
    {"instrument_name": "BTC-PERPETUAL", "bid_price": 60990.0, "ask_price": 61010.0, "funding_8h": 0.0001},
    {"instrument_name": "BTC-28AUG26", "bid_price": 61195.0, "ask_price": 61205.0},
]
AS_OF = "2026-08-01T16:00:00Z"


def _read(tmp_path: Path, raw: object, *, zipped: bool = False) -> tuple[Chain, ...]:
    path = tmp_path / ("market.json.gz" if zipped else "market.json")
    data = json.dumps(raw).encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    return read_deribit(path)


def _reasons(chain: Chain) -> dict[str, int]:
    return {entry.reason: entry.count for entry in chain.quality}


@pytest.mark.parametrize("raw", [
    [*OPTIONS, *FUTURES],
    {"result": [*OPTIONS, *FUTURES]},
    {"jsonrpc": "2.0", "result": [*OPTIONS, *FUTURES], "usIn": 1785600002000000, "usOut": 1785600002000500},
    {"as_of": AS_OF, "options": OPTIONS, "futures": FUTURES},
    {"as_of": AS_OF, "options": {"result": OPTIONS}, "futures": {"result": FUTURES}},
])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_shape_of_the_answer_gives_the_same_quotes(tmp_path: Path, raw: object, zipped: bool) -> None:
    (chain,) = _read(tmp_path, raw, zipped=zipped)
    assert (len(chain.options), len(chain.futures)) == (3, 2)
    assert chain.as_of.date() == datetime(2026, 8, 1, tzinfo=UTC).date()
    assert dict(chain.spots) == {"BTC": 61000.0}


def test_unusable_cells_are_missing_and_counted(tmp_path: Path) -> None:
    (chain,) = _read(tmp_path, {"as_of": AS_OF, "options": OPTIONS, "futures": FUTURES})
    reasons = _reasons(chain)
    assert reasons["bid: blank"] == 1
    assert reasons["bid: negative, read as missing"] == 1
    assert reasons["mark: zero, read as missing"] == 1
    assert reasons["mark: not a number, read as missing"] == 1
    assert reasons["spot stands in for the forward"] == 1
    assert np.isnan(chain.options.bid).tolist() == [False, True, True]


def test_percent_becomes_decimal_and_forwards_say_where_they_come_from(tmp_path: Path) -> None:
    (chain,) = _read(tmp_path, {"as_of": AS_OF, "options": OPTIONS, "futures": FUTURES})
    assert chain.options.mark_volatility[:2].tolist() == [0.485, 0.47]
    assert chain.options.forward_source.tolist() == ["BTC-28AUG26", "synthetic", "index"]
    assert chain.futures.funding[0] == pytest.approx(0.0001 * 3 * 365)


def test_volatilities_already_decimal_are_not_divided_again(tmp_path: Path) -> None:
    options = [{**row, "mark_iv": 0.485} for row in OPTIONS]
    (chain,) = _read(tmp_path, {"as_of": AS_OF, "options": options})
    assert chain.options.mark_volatility[0] == 0.485
    assert _reasons(chain)["mark_volatility: already decimal where percent is usual"] == 3


def test_dollar_settled_contracts_make_a_chain_of_their_own(tmp_path: Path) -> None:
    linear = {"instrument_name": "XRP_USDC-28AUG26-3d25-C", "bid_price": 0.1, "ask_price": 0.2}
    coin, dollar = _read(tmp_path, {"as_of": AS_OF, "options": [*OPTIONS, linear], "futures": FUTURES})
    assert (coin.coin_settled, coin.quote_currency) == (True, "USD")
    assert (dollar.coin_settled, dollar.quote_currency) == (False, "USDC")
    assert dollar.options.strike.tolist() == [3.25]


def test_combinations_pairs_and_unknown_names_are_told(tmp_path: Path) -> None:
    strange = [{"instrument_name": name} for name in ("BTC-FS-28AUG26_PERP", "BTC_USDC", "HELLO", "BTC-31FEB26-1-C")]
    (chain,) = _read(tmp_path, {"as_of": AS_OF, "options": [*OPTIONS, *strange], "futures": FUTURES})
    reasons = _reasons(chain)
    assert reasons["combination, not a single contract"] == 1
    assert reasons["spot pair, not a derivative"] == 1
    assert reasons["name follows no known grammar"] == 2


def test_sizes_and_what_is_listed_but_not_quoted_come_from_the_instruments(tmp_path: Path) -> None:
    listed = [{"instrument_name": "BTC-PERPETUAL", "contract_size": 10.0, "expiration_timestamp": 32503708800000},
              {"instrument_name": "BTC-28AUG26-99000-C", "contract_size": 1.0}]
    (chain,) = _read(tmp_path, {"as_of": AS_OF, "options": OPTIONS, "futures": FUTURES, "instruments": listed})
    assert chain.futures.contract_size[0] == 10.0
    assert np.isnat(chain.futures.expiry[0])
    assert _reasons(chain)["listed but not quoted"] == 1


def test_a_naive_time_is_read_as_utc_and_told(tmp_path: Path) -> None:
    (chain,) = _read(tmp_path, {"as_of": "2026-08-01T16:00:00", "options": OPTIONS})
    assert chain.as_of == datetime(2026, 8, 1, 16, tzinfo=UTC)
    assert _reasons(chain)["naive time read as UTC"] == 1


@pytest.mark.parametrize("raw", [{"error": "no"}, 7, [], {"options": [{"instrument_name": "BTC-PERPETUAL"}]}])
def test_what_is_no_answer_or_has_no_time_is_refused_by_name(tmp_path: Path, raw: object) -> None:
    with pytest.raises(FileProblem, match=r"market\.json"):
        _read(tmp_path, raw)


def test_a_torn_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "torn.json.gz"
    path.write_bytes(gzip.compress(b'{"options": [')[:-9])
    with pytest.raises(FileProblem, match="torn"):
        read_deribit(path)
