"""Other reports to draw: quiet and small, failing, hollow (None wherever a number may be None), and hostile names."""

from __future__ import annotations

import msgspec

from report.example_report import desk
from seawall.model import report as r
from seawall.model.quotes import QualityEntry


def quiet() -> r.RiskReport:
    """A small whole book on one account: no history, so no tails; nothing near, nothing missing."""
    full = desk()
    account = r.AccountRow("MAIN", "Deribit", 2, 48200.0, 3900.0, "spot −15%", 3900 / 48200, None, None, None, None,
                           None, None, 0.4, 0.4, 0.38, None, "healthy")
    lines = (r.LineRow("BTC", "MAIN", "Deribit", 0.5, None, 31929.1, 31929.1, 0.0, 0.0, 0.0, None),
             r.LineRow("USDC", "MAIN", "Deribit", 16270.9, None, 16270.9, 0.0, 0.0, 0.0, 0.0, None))
    return msgspec.structs.replace(
        full, name="small", title="One account", verdict=r.Verdict(
            "quiet", "Every account covers its scan at every joint move on the ladder, and no limit is near", ""),
        counts=r.Counts(2, 2, 1, 1, 0, 0), equity=48200.0, tails=(), histograms=(), accounts=(account,), limits=(),
        components=(), leverage=(), greeks=(), vegas=(), prices=(), grids=(), joint=None, worst=(), crises=(),
        lines=lines, failures=(), quality=(), notes=("No history was given: no value at risk.",),
        proofs=full.proofs[:2], complete=True)


def failing() -> r.RiskReport:
    """An insolvent and an uncovered account, every limit breached."""
    full = desk()
    broken = {"OKX-MM": (-0.41e6, "bankrupt"), "DRBT-MAIN": (5.1e6, "liquidatable")}
    accounts = tuple(
        msgspec.structs.replace(a, equity=broken[a.account][0], status=broken[a.account][1], down=0.0, up=0.0,
                                used=None if broken[a.account][0] < 0 else (a.scan or 0.0) / broken[a.account][0])
        if a.account in broken else a for a in full.accounts)
    verdict = r.Verdict("failing", "OKX-MM is insolvent: it owes 410k more than it owns, and one more", "")
    return msgspec.structs.replace(full, accounts=accounts, verdict=verdict)


def hollow() -> r.RiskReport:
    """None wherever a number may be None."""
    full = desk()
    none = dict.fromkeys(("equity", "scan", "used", "down", "up", "chance", "shortfall", "component",
                          "component_error", "gross_leverage", "net_leverage", "delta_leverage",
                          "shortfall_leverage"))
    blank_line = dict.fromkeys(("volatility", "value", "delta", "gamma", "vega", "theta", "component"))
    replace = msgspec.structs.replace
    return replace(
        full, equity=None, accounts=tuple(replace(a, **none) for a in full.accounts),
        tails=tuple(replace(t, value_at_risk=None, interval=None, expected_shortfall=None, standard_error=None,
                            share=None) for t in full.tails),
        components=tuple(replace(c, standard_error=None, standalone=None) for c in full.components),
        leverage=tuple(replace(v, equity=None, gross=None, net=None, delta=None, shortfall=None)
                       for v in full.leverage),
        prices=tuple(replace(p, volatility=None) for p in full.prices),
        crises=tuple(replace(c, pnl=None, by_underlying=(), moves=(), assumed="") for c in full.crises),
        lines=tuple(replace(row, **blank_line) for row in full.lines))


def hostile() -> r.RiskReport:
    """Names that would break a page that does not escape them."""
    full = desk()
    bad = '<script>alert("x")</script>&'
    replace = msgspec.structs.replace
    accounts = tuple(replace(a, account=bad) if a.account == "OKX-MM" else a for a in full.accounts)
    lines = tuple(replace(row, account=bad, instrument=bad) if n % 7 == 0 else row for n, row in enumerate(full.lines))
    return replace(
        full, title=bad, name=bad, accounts=accounts, lines=lines, notes=(bad,), currency="USD",
        components=tuple(replace(c, key=bad) if c.key == "OKX-MM" else c for c in full.components),
        greeks=tuple(replace(g, key=bad) if g.key == "BTC" else g for g in full.greeks),
        vegas=tuple(replace(v, underlying=bad) for v in full.vegas),
        grids=tuple(replace(g, assets=bad) if g.assets != "all" else g for g in full.grids),
        worst=tuple(replace(w, moves=(bad,), by_position=(r.Part(bad, w.pnl),), by_factor=(r.Part(bad, w.pnl),),
                            by_account=(r.Part(bad, w.pnl),)) for w in full.worst),
        crises=tuple(replace(c, name=bad, assumed=bad, source=bad, moves=(bad,)) for c in full.crises),
        failures=tuple(replace(f, reason=bad, where=bad, found=bad, remedy=bad, accounts=(bad,))
                       for f in full.failures),
        quality=tuple(QualityEntry(bad, bad, bad, 1, (bad,)) for _ in full.quality),
        proofs=(r.Proof(bad, bad, bad),), verdict=r.Verdict("watch", bad, bad))
