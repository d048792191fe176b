"""An answer as one page that needs nothing else; the same answer gives the same bytes."""

from __future__ import annotations

from seawall.model.margin_report import MarginReport
from seawall.model.tail_report import Answer, BacktestReport, ReverseReport, StressReport
from seawall.report.backtest_page import render_backtest
from seawall.report.margin_page import render_margin
from seawall.report.reverse_page import render_reverse
from seawall.report.stress_page import render_stress
from seawall.report.tail_page import render_tail


def render_answer(answer: Answer | MarginReport) -> str:
    """The page of whichever answer it is."""
    if isinstance(answer, MarginReport):
        return render_margin(answer)
    if isinstance(answer, StressReport):
        return render_stress(answer)
    if isinstance(answer, ReverseReport):
        return render_reverse(answer)
    if isinstance(answer, BacktestReport):
        return render_backtest(answer)
    return render_tail(answer)
