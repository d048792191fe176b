from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from margin.sample_desks import desk
from seawall.errors import InputError
from seawall.formats.margin_models import read_margin_model
from seawall.margin.holdings import holdings
from seawall.margin.plan import bind, index
from seawall.margin.require import require
from seawall.whatif.rehearsal import rehearse


def required(model, held):
    plan = index(bind(model, held.columns), held.lines)
    return require(plan, np.array(held.quantity), held.accounts, unknown=held.unknown)


def test_a_rehearsal_is_both_requirements_and_who_falls_between_them():
    held = holdings(*desk("crypto"))
    model = read_margin_model("deribit_pme")
    changes = {"maintenance_share": 3.5}
    found = rehearse(model, changes, held)
    before, after = required(model, held), required(model.with_parameters(changes), held)
    assert found.before.initial == pytest.approx(before.initial)
    assert found.maintenance == pytest.approx(after.maintenance - before.maintenance)
    fell = {a for a, s in zip(after.accounts, after.status, strict=True) if s in ("liquidatable", "bankrupt")}
    stood = {a for a, s in zip(before.accounts, before.status, strict=True) if s in ("liquidatable", "bankrupt")}
    assert set(found.liquidated) == fell - stood != set()
    assert found.relieved == ()
    assert found.exposed == pytest.approx(sum(m for a, m in zip(after.accounts, after.maintenance, strict=True)
                                              if a in found.liquidated))
    back = rehearse(model.with_parameters(changes), model, held)
    assert back.relieved == found.liquidated
    assert back.liquidated == ()


def test_debt_is_what_accounts_owe_beyond_all_they_own():
    held = holdings(*desk("crypto"))
    model = read_margin_model("paradex_scan")
    found = rehearse(model, {}, held)
    equity = required(model, held).equity
    assert found.debt == pytest.approx((-equity[equity < 0].sum(),) * 2)
    assert found.liquidated == found.relieved == found.warned == ()


def test_unknown_parameters_and_other_currencies_are_refused():
    held = holdings(*desk("crypto"))
    model = read_margin_model("deribit_pme")
    with pytest.raises(InputError, match="no_such_thing"):
        rehearse(model, {"no_such_thing": 1.0}, held)
    with pytest.raises(InputError, match="currency"):
        rehearse(model, replace(model, currency="EUR"), held)
