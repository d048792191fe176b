"""What does the terminal show of SA-CCR? Exposure at default by netting set, what makes it up, which trades."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleRenderable
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall import words
from seawall.model.regulatory_saccr import NettingSetExposure, SaccrResult, TradeExposure
from seawall.words import Unit

TRADES = 8


def show_saccr(result: SaccrResult, console: Console) -> None:
    """Prints the sum, every netting set, and the trades that have most in each."""
    sets = words.count(len(result.netting_sets), "netting set")
    console.print(Text.assemble((f"SA-CCR exposure at default  {words.number(result.exposure)}", "bold"), f"  {sets}",
                                (f"  {result.grade}", "dim")))
    console.print()
    for one in result.netting_sets:
        for block in _netting_set(one):
            console.print(Padding(block, (0, 0, 1, 0)))
    console.print(Text(f"{result.parameters}. Money in the reporting currency; exposures are losses > 0.", style="dim"))


def _netting_set(one: NettingSetExposure) -> Iterator[ConsoleRenderable]:
    unit = words.unit_for([one.exposure, one.market_value, one.collateral])
    margin = f"margined, {one.mpor_days:g} days" if one.mpor_days else "capped" if one.capped else "unmargined"
    yield Text.assemble((one.netting_set_id, "bold"), f"  {one.counterparty_id}".rstrip(),
                        f"  {words.number(one.exposure)}  {margin}", (f"  {one.grade}", "dim"))
    yield _parts(one, unit)
    yield _classes(one, unit)
    if trades := _largest(one):
        yield _trades(trades, unit)
    if one.notes:
        yield Text("\n".join(one.notes), style="dim")


def _parts(one: NettingSetExposure, unit: Unit) -> Table:
    table = _table(f"Value {unit.symbol}".strip(), "Collateral", "Replacement cost", "Add-on", "Multiplier", "PFE",
                   "Unmargined", left=())
    money = (one.market_value, one.collateral, one.replacement_cost, one.add_on)
    table.add_row(*(words.money(amount, unit) for amount in money), words.number(one.multiplier, 3),
                  words.money(one.pfe, unit), words.money(one.exposure_unmargined, unit))
    return table


def _classes(one: NettingSetExposure, unit: Unit) -> Table:
    table = _table("Hedging set", f"Add-on {unit.symbol}".strip(), "In the exposure", "Trades")
    for asset in one.asset_classes:
        name = asset.asset_class.replace("_", " ")
        table.add_row(Text(name, style="bold"), words.money(asset.add_on, unit), words.money(asset.exposure, unit), "")
        for hedging in asset.hedging_sets:
            table.add_row(f"  {hedging.name}", words.money(hedging.add_on, unit), words.money(hedging.exposure, unit),
                          f"{len(hedging.trades)}")
    table.add_row("collateral and terms", "", words.money(one.terms_exposure, unit), "")
    return table


def _largest(one: NettingSetExposure) -> list[TradeExposure]:
    trades = [trade for asset in one.asset_classes for hedging in asset.hedging_sets for trade in hedging.trades]
    return sorted(trades, key=lambda trade: -abs(trade.exposure))[:TRADES]


def _trades(trades: list[TradeExposure], unit: Unit) -> Table:
    table = _table("Trade", f"Value {unit.symbol}".strip(), "Adjusted notional", "Delta", "Maturity factor",
                   "In the exposure")
    for trade in trades:
        table.add_row(trade.trade_id, words.money(trade.mtm, unit), words.money(trade.adjusted_notional, unit),
                      words.signed(trade.delta, 3), words.number(trade.maturity_factor, 3),
                      words.money(trade.exposure, unit, sign=True))
    return table


def _table(*heads: str, left: tuple[int, ...] = (0,)) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for n, head in enumerate(heads):
        table.add_column(head, justify="left" if n in left else "right", overflow="fold")
    return table
