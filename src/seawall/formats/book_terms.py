"""Which instrument does a row mean? One the market lists, one described by terms beside it, or a currency."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from seawall.errors import InputError
from seawall.formats.book_cells import Problem, mangled, moment, number
from seawall.instruments.plugins import decode_instrument, kind_of
from seawall.model.factor import tenor_of
from seawall.model.instrument import Instrument
from seawall.model.market import Market

TERMS = ("kind", "underlying", "quote_currency", "settlement_currency", "contract_size", "payoff", "expiry", "strike",
         "option_type", "exercise_style", "protocol", "side", "index", "token", "reference")
SUGGESTIONS = 10  # each is searched for in the whole listing: a file of nothing but strangers must not take minutes
DIRECTIONS = {"long": 1, "buy": 1, "b": 1, "short": -1, "sell": -1, "s": -1}

Found = Instrument | tuple[Problem, ...]


class Resolver:
    """Resolves each distinct (id, terms) once; terms: the columns present, in the order of the cells."""

    def __init__(self, market: Market, terms: Sequence[str]) -> None:
        self.market, self.terms = market, tuple(terms)
        self.instruments: dict[str, Instrument] = {}
        self._suggested = 0
        self._seen: dict[tuple[str, tuple[str, ...]], Found] = {}

    def resolve(self, name: str, cells: tuple[str, ...]) -> Found:
        """The instrument, or everything that keeps it from being one."""
        found = self._seen.get((name, cells))
        if found is None:
            found = self._seen[name, cells] = self._resolve(name, cells)
        return found

    def _resolve(self, name: str, cells: tuple[str, ...]) -> Found:
        told = {term: cell for term, cell in zip(self.terms, cells, strict=True) if cell}
        if told.get("side", "").lower() in DIRECTIONS:
            del told["side"]  # a direction, not the side of a lending balance: judged with the quantity
        terms, problems = _typed(told)
        if problems:
            return problems
        try:
            found = self._described(name, terms)
        except InputError as error:
            shown = "" if error.found is None else str(error.found)
            return (Problem("terms", error.what, shown, error.wanted, error.remedy),)
        if isinstance(found, Problem):
            return (found,)
        before = self.instruments.get(name)
        if before is not None and before != found:
            return (Problem("terms", "terms differ from an earlier row's", name, "one instrument an id",
                            "give it another id"),)
        unfit = self._unfit(found)
        if unfit:
            return (unfit,)
        self.instruments[name] = found
        return found

    def _described(self, name: str, terms: Mapping[str, object]) -> Instrument | Problem:
        if not name:
            return Problem("instrument_id", "the row names no instrument", "", "an id", "name it, or remove the row")
        listed = self.market.listing.get(name)
        if listed is not None:
            return _contradiction(listed, terms) or listed
        if "kind" in terms:
            return decode_instrument({"instrument_id": name, **terms})
        if name == self.market.numeraire or f"spot:{name}" in self.market.index:
            cash = decode_instrument({"kind": "cash", "instrument_id": name, "underlying": name,
                                      "settlement_currency": name})
            return _contradiction(cash, terms) or cash
        return Problem("instrument_id", "no venue lists this instrument", name, "an id that the market lists",
                       self._meant(name))

    def _unfit(self, instrument: Instrument) -> Problem | None:
        ends = instrument.expires_at
        if ends is not None and ends <= self.market.as_of:
            return Problem("expiry", "it has expired", ends.isoformat(), f"after {self.market.as_of.isoformat()}",
                           "book its settlement as cash")
        needed = [factor.key for factor in kind_of(instrument).factors(instrument, self.market)]
        if instrument.settlement_currency != self.market.numeraire:
            needed.append(f"spot:{instrument.settlement_currency}")
        missing = [key for key in dict.fromkeys(needed) if key not in self.market.index]
        if not missing:
            return None
        return Problem("instrument_id", "the market lacks a factor it needs", ", ".join(missing),
                       "a level for each", self._supply(instrument, missing[0]))

    def _supply(self, instrument: Instrument, key: str) -> str:
        risk_class = key.split(":")[0]
        if risk_class in ("premium", "funding"):
            others = sorted(f.qualifier for f in self.market.factors if f.risk_class == risk_class)
            return "name in column reference one of: " + (", ".join(others) or "none, the market has no perpetual")
        ends = instrument.expires_at
        if ends is not None:
            same_day = [f.tenor for f in self.market.factors if f.risk_class == "carry"
                        and f.qualifier == instrument.underlying and f.tenor[:10] == tenor_of(ends)[:10]]
            if same_day and tenor_of(ends) not in same_day:
                return f"the market has that day's expiry at {' or '.join(same_day)}: write it so"
        return "supply quotes for it, or its level in a file of factors"

    def _meant(self, name: str) -> str:
        spoilt = mangled(name)
        if spoilt:
            return spoilt
        self._suggested += 1
        searched = self.market.listing if self._suggested <= SUGGESTIONS else ()
        close = difflib.get_close_matches(name, searched, n=3, cutoff=0.8)
        if close:
            return "meant " + " or ".join(close) + "?"
        return "correct the id, or give its terms: kind, underlying, ..."


def against(direction: str, quantity: float) -> bool:
    """Whether a written direction contradicts the sign of the quantity."""
    return DIRECTIONS.get(direction.lower(), 0) * quantity < 0


def _typed(told: Mapping[str, str]) -> tuple[dict[str, object], tuple[Problem, ...]]:
    """Terms with numbers and times read strictly, and every one that cannot be."""
    terms: dict[str, object] = dict(told)
    for field in ("strike", "contract_size", "index", "expiry"):
        if field in told:
            terms[field] = moment(field, told[field]) if field == "expiry" else \
                number(field, told[field], positive=field != "strike")
    return terms, tuple(value for value in terms.values() if isinstance(value, Problem))


def _contradiction(listed: Instrument, terms: Mapping[str, object]) -> Problem | None:
    for field, told in terms.items():
        known = getattr(listed, field, told)
        if known != told:
            shown = known.astimezone(UTC).isoformat() if isinstance(known, datetime) else str(known)
            return Problem(field, f"{field} differs from the listing's", str(told), shown,
                           "leave it blank, or correct the id")
    return None
