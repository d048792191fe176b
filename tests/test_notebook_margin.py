from __future__ import annotations

import numpy as np
import pytest

import seawall as sw
from margin.sample_desks import desk


@pytest.fixture(scope="module")
def told():
    book, market = desk("crypto")
    return sw.require_margin(book, market, ["derive_pmrm_1", sw.read_margin_model("okx")])


def test_one_call_tells_every_account_under_every_model(told):
    accounts = told.to_frame()
    assert set(accounts["model"]) == {"derive_pmrm_1", "okx"}
    assert len(accounts) == 2 * len(desk("crypto")[0].account_ids)
    parts = told.to_frame("parts")
    sums = parts.groupby(["account", "model"])["amount"].sum().reindex(accounts.set_index(["account", "model"]).index)
    assert sums.dropna().to_numpy() == pytest.approx(accounts["initial"].dropna().to_numpy(), rel=1e-9, abs=1e-6)
    with pytest.raises(sw.RiskError, match="no such table"):
        told.to_frame("nothing")


def test_a_notebook_shows_the_page_and_files_are_written(told, tmp_path):
    assert told._repr_html_().startswith("<iframe")
    assert "<h1>" in told.write_html(tmp_path / "out" / "margin.html").read_text()
    assert b"seawall.margin/1" in told.write_json(tmp_path / "margin.json").read_bytes()


def test_one_account_is_asked_what_if():
    book, market = desk("crypto")
    account = sw.margin_account(book, market, "deribit_pme", "VOL-SHORT", tradable=["BTC-PERPETUAL"])
    effect = sw.after_trades(account, sw.Trade("BTC-PERPETUAL", -5_000))
    assert effect.margin != 0
    most = sw.largest_trade(account, "BTC-PERPETUAL", side=-1, lot=100)
    assert most.quantity < -5_000
    assert any(np.isfinite(c.move) for c in sw.distances(account))
    assert sw.restore(account).reached
    assert sw.after_deposit(account, "USD", 10.0).equity == pytest.approx(10.0)
    assert sw.after_parameters(account, {"maintenance_share": 0.9}).after.maintenance > account.now.maintenance


def test_what_is_no_book_or_model_is_refused():
    book, market = desk("crypto")
    with pytest.raises(sw.RiskError, match="book"):
        sw.require_margin(None, market, "okx")
    with pytest.raises(sw.RiskError, match="okex"):
        sw.require_margin(book, market, "okex")


def test_the_own_model_finds_its_scenarios_itself():
    book, market = desk("crypto")
    told = sw.require_margin(book, market, "seawall").report
    assert all(a.initial is not None for a in told.accounts)
    assert told.platform[0].number == pytest.approx(sum(r.probability for r in told.ruin))
