"""The report as one page that needs nothing else: no network, no script; the same report gives the same bytes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from seawall import words
from seawall.model.report import RiskReport
from seawall.report import exposure, extremes, loss, page, survival, trust
from seawall.report.findings import findings_section
from seawall.report.markup import pair, text

FINDINGS = 3
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: RiskReport) -> str:
    """The whole page, in order of reading: safe or not, who fails first, why, detail, proof.

    A question whose data is empty has no section; what could not be assessed is said in words at the head.
    """
    body = "\n".join(part for part in (
        page.verdict(report) + page.headline(report), survival.account_section(report), _carried(report),
        loss.loss_sections(report), loss.component_section(report), _hidden(report), exposure.grid_section(report),
        exposure.vega_section(report), exposure.greek_section(report), exposure.joint_section(report),
        extremes.worst_section(report), extremes.crisis_section(report), trust.line_section(report),
        trust.quality_section(report), trust.proof_section(report),
    ) if part)
    return (f"{_head(report)}<body><div class=\"wrap\">\n<a class=\"skip\" href=\"#main\">Skip to the verdict</a>\n"
            f"{page.masthead(report)}\n{page.contents(report, body)}\n<main id=\"main\">\n{body}\n</main>\n"
            f"{page.footer(report)}\n</div></body></html>\n")


def _carried(report: RiskReport) -> str:
    """Limits beside leverage; the one that is there takes the row where the other is absent."""
    limits, leverage = survival.limit_section(report, "c6"), survival.leverage_section(report, "c6")
    if limits and leverage:
        return pair(limits, leverage)
    only = survival.limit_section(report, "c8") or survival.leverage_section(report, "c8")
    return f'<div class="cols gap">{only}</div>' if only else ""


def _hidden(report: RiskReport) -> str:
    """The gravest dangers in sentences; absent where none was found."""
    return findings_section(report.findings[:FINDINGS]) if report.findings else ""


def _head(report: RiskReport) -> str:
    title = f"Seawall risk report · {report.title or report.name} · {words.moment(report.as_of)}"
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            f"<title>{text(title)}</title>\n<style>\n{style()}</style></head>")


@cache
def style() -> str:
    """The sheet that the page carries inside itself."""
    return files("seawall.report").joinpath("style.css").read_text(encoding="utf-8")
