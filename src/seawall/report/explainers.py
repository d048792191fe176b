"""What does a term mean? Title and at most 45 words: what it is, how to read it, its trap."""

from __future__ import annotations

TERMS: dict[str, tuple[str, str]] = {
    "equity": ("Equity", "What the accounts own less what they owe: collateral at market plus option value. Futures "
               "and perpetuals count with what is not yet settled to the mark."),
    "es": ("Expected shortfall", "The average loss over the worst share of scenarios. It says how bad a bad day is, "
           "not how often it comes. A loss is a positive number."),
    "var": ("Value at risk", "The loss that only the stated share of scenarios exceeds. It says nothing about how much "
            "worse those are: read it beside expected shortfall."),
    "worst": ("Worst scenario", "The single largest loss among all scenarios of the rule. It grows with their number, "
              "so compare it only between reports of equal size."),
    "scan": ("Scan margin", "The worst loss of an account over a grid of spot and volatility moves, no time passing. A "
             "first yardstick, the same for every venue; not any venue’s own margin."),
    "used": ("Scan used", "Scan divided by equity. At 100% the worst grid loss would take everything the account "
             "owns."),
    "nearest": ("Nearest account to its scan", "The smallest joint move of all spots, volatility held, at which some "
                "account’s equity no longer covers its scan, both revalued in full."),
    "range": ("Range covered", "All assets move together by the amount shown; equity and scan are both revalued in "
              "full. The bar ends where equity no longer covers the scan. An arrow: it goes on."),
    "chance": ("Chance", "Share of the main scenarios in which the account loses more than its equity over the scan, "
               "so that today’s scan is no longer covered. It orders the list; it decides nothing."),
    "error": ("Standard error", "How far the number would move if only the random draws changed. It does not measure "
              "model error."),
    "interval": ("95% interval", "Order statistics between which the true quantile lies with 95% confidence, whatever "
                 "the distribution. Sampling error only."),
    "component": ("Component expected shortfall", "The part’s average loss on the book’s own worst scenarios. Parts "
                  "add exactly to the total. Negative: the part earns when the book bleeds."),
    "standalone": ("Stand-alone", "Expected shortfall of the part on its own. Stand-alone figures do not add."),
    "delta": ("Delta", "P&amp;L for a 100% move of the underlying at today’s slope. 1.00M means 10,000 per 1%."),
    "gamma": ("Gamma per 1%", "Change of delta when the underlying moves 1%. Negative: the book must sell after falls "
              "and buy after rises."),
    "vega": ("Vega per point", "P&amp;L when every implied volatility rises by one point (80 to 81)."),
    "theta": ("Theta per day", "P&amp;L from one calendar day passing, all else still. Options about to expire lose "
              "their whole time value."),
    "gross": ("Gross", "The same, adding absolute values of lines. The gap between gross and net is what netting "
              "hides: it is there only while both legs are."),
    "rho": ("Rho per basis point", "P&amp;L when every rate rises by one basis point."),
    "vanna": ("Vanna", "Change of delta when volatility rises one point, per 1% of spot: how the hedge drifts with "
              "volatility."),
    "volga": ("Volga", "Change of vega per volatility point when volatility rises one point."),
    "charm": ("Charm", "Change of delta in one calendar day, all else still: what must be re-hedged by tomorrow."),
    "skew": ("Smile delta", "What a smile that moves with spot adds to delta. Zero where the smile stays put."),
    "grossleverage": ("Gross leverage", "Sum of absolute notionals over equity. It ignores every offset, so hedged "
                      "books look large."),
    "netleverage": ("Net leverage", "Net notional of each underlying, added in absolute value, over equity. An option "
                    "counts with its whole notional, however far from the money."),
    "deltaleverage": ("Delta leverage", "Absolute cash delta of each underlying, added, over equity: options count "
                      "with today’s slope, so short gamma looks small."),
    "esleverage": ("Shortfall over equity", "Expected shortfall divided by equity. At 1 an average bad day takes "
                   "everything."),
    "contribution": ("Contribution", "The factor’s part of the book’s volatility, √(δ′Σδ). Contributions add exactly. "
                     "Negative: the factor lowers the total."),
    "draws": ("Draws", "How many scenarios of the tail carry the same label, such as the same historical day."),
    "value": ("Value", "Equity the line carries now. Futures and perpetuals are settled to the mark, so they carry "
              "none."),
    "unexplained": ("Unexplained", "What is left when every Greek of the earlier report is multiplied by what moved. "
                    "Large after big moves or near expiry; full revaluation leaves nothing."),
    "moved": ("Paid in or out", "Change of equity that is no gain: premiums and settlements against their cash, which "
              "cancel within an account, and money from outside: deposits, withdrawals, fees, funding, interest."),
    "walk": ("Full revaluation", "The opening book revalued with one group of factors moved after the other, in this "
             "order and the reverse, averaged. Shape: what a smile did beyond level, skew and curvature."),
    "order": ("Turned around", "The same causes taken in the reverse order. Both columns add up; where they differ, "
              "two causes act together and neither number is the only right one."),
}
