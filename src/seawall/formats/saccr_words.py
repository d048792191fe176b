"""How do people write a trade for SA-CCR? Columns and words under all the names they are given."""

from __future__ import annotations

TRADE_COLUMNS = {
    "trade_id": ("trade", "id", "deal", "deal_id"),
    "netting_set_id": ("netting_set", "netting", "ns"),
    "asset_class": ("class", "asset"),
    "driver": ("primary_risk_driver", "risk_driver", "reference", "underlying", "currency_pair", "entity", "name"),
    "direction": ("side", "position", "buy_sell", "long_short"),
    "notional": ("amount", "notional_1", "foreign_notional"),
    "second_notional": ("notional_2", "other_notional"),
    "units": ("number_of_units", "contracts"),
    "unit_price": ("price_per_unit", "market_price"),
    "mtm": ("market_value", "mv", "mark_to_market", "npv", "present_value"),
    "currency": ("ccy", "amount_currency"),
    "start": ("start_date", "s", "start_years"),
    "end": ("end_date", "e", "end_years"),
    "maturity": ("maturity_date", "m", "maturity_years"),
    "exercise": ("exercise_date", "expiry", "t", "latest_exercise"),
    "option": ("option_type", "call_put"),
    "price": ("underlying_price", "p", "forward"),
    "strike": ("strike_price", "k"),
    "shift": ("lambda",),
    "attachment": ("attachment_point", "attach"),
    "detachment": ("detachment_point", "detach"),
    "is_index": ("index",),
    "quality": ("credit_quality", "rating"),
    "commodity": ("commodity_type", "commodity_group"),
    "special": ("trade_kind", "basis_or_volatility"),
    "pair": ("second_driver", "basis_pair"),
}
SET_COLUMNS = {
    "netting_set_id": ("netting_set", "netting", "ns"),
    "counterparty_id": ("counterparty", "cpty"),
    "currency": ("ccy", "amount_currency"),
    "margined": ("margin_agreement", "csa"),
    "bank_collects": ("two_way", "we_collect"),
    "threshold": ("th",),
    "minimum_transfer": ("mta", "minimum_transfer_amount"),
    "independent": ("nica", "independent_amount", "net_independent_collateral"),
    "variation_margin": ("vm", "net_variation_margin"),
    "remargin_days": ("remargining_days", "margin_frequency_days"),
    "cleared_client": ("cleared", "client_clearing"),
    "with_ccp": ("ccp",),
    "illiquid": ("hard_to_replace",),
    "disputes": ("disputed", "outstanding_disputes"),
    "mpor_days": ("mpor", "margin_period_of_risk"),
}
WORDS: dict[str, dict[str, str]] = {
    "asset_class": {
        "interestrate": "interest_rate", "ir": "interest_rate", "rates": "interest_rate", "rate": "interest_rate",
        "fx": "fx", "foreignexchange": "fx", "credit": "credit", "cr": "credit", "equity": "equity", "eq": "equity",
        "commodity": "commodity", "cm": "commodity", "co": "commodity", "crypto2a": "crypto_2a",
        "crypto2b": "crypto_2b",
    },
    "direction": {
        "long": "long", "buy": "long", "bought": "long", "b": "long", "l": "long", "1": "long", "payfixed": "long",
        "protectionbuyer": "long", "short": "short", "sell": "short", "sold": "short", "s": "short",
        "receivefixed": "short", "protectionseller": "short",
    },
    "option": {"call": "call", "c": "call", "put": "put", "p": "put", "no": "", "linear": ""},
    "quality": {"aaa": "AAA", "aa": "AA", "a": "A", "bbb": "BBB", "bb": "BB", "b": "B", "ccc": "CCC", "ig": "IG",
                "investmentgrade": "IG", "sg": "SG", "speculativegrade": "SG", "hy": "SG"},
    "commodity": {
        "electricity": "electricity", "power": "electricity", "energy": "energy", "oil": "energy", "gas": "energy",
        "oilgas": "energy", "coal": "energy", "metals": "metals", "metal": "metals", "agricultural": "agricultural",
        "agriculture": "agricultural", "agri": "agricultural", "other": "other",
    },
    "special": {"ordinary": "", "no": "", "basis": "basis", "volatility": "volatility", "vol": "volatility",
                "variance": "volatility"},
}
FLAGS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
TRADE_MONEY = ("notional", "second_notional", "mtm")
TRADE_NUMBERS = ("price", "strike", "shift", "attachment", "detachment")
TRADE_YEARS = ("start", "end", "maturity", "exercise")
SET_MONEY = ("threshold", "minimum_transfer", "independent", "variation_margin")
SET_FLAGS = ("margined", "bank_collects", "cleared_client", "with_ccp", "illiquid", "disputes")
