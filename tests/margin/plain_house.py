"""The house's own model in plain loops over its description, for one account; no tables, no folds."""

from __future__ import annotations

import itertools
import math
from typing import Any

from seawall.formats.margin_models import read_margin_model

CAUGHT = ("cash", "spot", "lending", "wrapped")
DERIVED = ("perpetual", "future", "option")


def shortfall(gains: list[float], confidence: float) -> float:
    mass = len(gains) * round(1 - confidence, 9)
    ranked, whole = sorted(gains), int(mass)
    part = sum(ranked[:whole]) + (mass - whole) * (ranked[whole] if whole < len(ranked) else 0.0)
    return max(-part / mass, 0.0)


class Plain:
    """rows: instruments; quantity: units of each; supplied: gains by rule."""

    def __init__(self, rows: list[dict[str, Any]], quantity: Any, supplied: Any) -> None:
        self.model = read_margin_model("seawall")
        self.p = dict(self.model.numbers)
        self.rows, self.q, self.supplied = rows, [float(x) for x in quantity], supplied
        table = self.model.by["asset"]
        self.of = [{**table["*"], **table.get(row["asset"], {}), **row} for row in rows]
        clusters = self.model.by["underlying"]
        self.cluster = {r["underlying"]: f"{clusters.get(r['underlying'], clusters['*'])['cluster']:g}" for r in rows}

    def gains(self, rule: str, keep: Any) -> list[float]:
        cube = self.supplied[rule].gains
        total = [0.0] * cube.shape[1]
        for i, row in enumerate(self.rows):
            if keep(row):
                for s in range(len(total)):
                    total[s] += self.q[i] * float(cube[i, s])
        return total

    def tail(self, rule: str, keep: Any) -> float:
        return shortfall(self.gains(rule, keep), self.p["shortfall_confidence"])

    def both(self, keep: Any) -> float:
        return max(self.tail("history", keep), self.tail("stressed_correlation", keep))

    def blend(self, joint: float, alone: dict[str, float], factor: float, pairs: Any) -> float:
        named = {frozenset(p[:2]): p[2] for p in pairs}
        over = under = 0.0
        for a, b in itertools.combinations(alone, 2):
            over += named.get(frozenset((a, b)), factor) * alone[a] * alone[b]
            under += alone[a] * alone[b]
        share = over / under if under else 0.0
        return max(joint, share * joint + (1 - share) * sum(alone.values()))

    def blended(self) -> float:
        inside = {}
        for name in set(self.cluster.values()):
            members = sorted(u for u, c in self.cluster.items() if c == name)
            alone = {u: self.both(lambda r, u=u: r["underlying"] == u) for u in members}
            joint = self.both(lambda r, m=members: r["underlying"] in m)
            inside[name] = self.blend(joint, alone, self.p["within_cluster"], self.model.terms["in_clusters"].pairs)
        everything = self.both(lambda r: True)
        return self.blend(everything, inside, self.p["across_clusters"], self.model.terms["blended"].pairs)

    def ruin(self) -> float:
        total, path = self.gains("history_path", lambda r: True), self.supplied["history_path"].path
        low: dict[int, float] = {}
        for gain, at in zip(total, path.tolist(), strict=True):
            low[at] = min(low.get(at, math.inf), gain)
        return max(-sorted(low.values())[int(len(low) * self.p["ruin_probability"] + 1e-9)], 0.0)

    def net(self, amount: Any, key: Any, kinds: Any = None) -> dict[Any, tuple[float, dict[str, Any]]]:
        out: dict[Any, tuple[float, dict[str, Any]]] = {}
        for quantity, row in zip(self.q, self.of, strict=True):
            if kinds is None or row["kind"] in kinds:
                before = out.get(key(row), (0.0, row))
                out[key(row)] = (before[0] + quantity * amount(row), before[1])
        return out

    def floor(self) -> float:
        root = math.sqrt(self.p["horizon_days"])
        by = self.net(lambda r: r["delta"] * r["spot"], lambda r: (r["underlying"], r["daily"]))
        total = sum(abs(x) * self.p["floor_deviations"] * r["daily"] * root for x, r in by.values())
        gross = sum(abs(q * r["delta"] * r["spot"]) for q, r in zip(self.q, self.of, strict=True)
                    if r["kind"] in DERIVED)
        return total + self.p["matched_floor"] * gross

    def risk(self) -> float:
        blended = self.blended()
        period = self.tail("stressed_period", lambda r: True)
        steadied = (1 - self.p["stressed_weight"]) * blended + self.p["stressed_weight"] * period
        crisis = max(max(-g for g in self.gains("stress", lambda r: True)), 0.0)
        return max(blended, steadied, self.p["stress_cover"] * crisis, self.ruin(), self.floor())

    def liquidity(self) -> float:
        p, total = self.p, 0.0
        for x, r in self.net(lambda r: r["delta"], lambda r: (r["underlying"], r["asset"]), DERIVED).values():
            traded = r["volume"] if r.get("volume", 0) > 0 else r["turnover"] / r["spot"]
            half = r["spread"] / 2 if r.get("spread", -1) >= 0 else 0.02 * r["daily"]
            total += abs(x) * r["spot"] * (half + p["impact"] * r["daily"] * math.sqrt(abs(x) / traded))
        for x, r in self.net(lambda r: r["delta"], lambda r: (r["underlying"], r["asset"])).values():
            traded = r["volume"] if r.get("volume", 0) > 0 else r["turnover"] / r["spot"]
            days = math.sqrt(abs(x) / (p["participation"] * traded) / 3) - math.sqrt(p["horizon_days"])
            total += abs(x) * r["spot"] * p["tail_deviations"] * r["daily"] * max(0.0, days)
        return total + p["option_half_spread"] * sum(
            abs(q * r["price"]) for q, r in zip(self.q, self.of, strict=True) if r["kind"] == "option")

    def haircuts(self) -> float:
        p, by_asset = self.p, {}
        for asset, (value, r) in self.net(lambda r: r["mark"], lambda r: r["asset"], CAUGHT).items():
            v, parts = max(value, 0.0), 0.0
            ratio = v / r["turnover"]
            parts += v * (0.02 * r["daily"] + p["collateral_impact"] * r["daily"] * math.sqrt(ratio) + r["own"])
            tiers = [(0, 0), (0.01, 0), (0.1, 0.05), (1, 0.25)]
            for (x0, y0), (x1, y1) in itertools.pairwise(tiers):
                if x0 <= ratio < x1:
                    parts += v * (y0 + (y1 - y0) * (ratio - x0) / (x1 - x0))
            parts += 0.25 * v * (ratio >= 1) + max(0.0, v - p["asset_cap"] * r["turnover"])
            by_asset[asset] = parts
        for asset, (value, r) in self.net(lambda r: r["mark"], lambda r: r["asset"], ("wrapped",)).items():
            by_asset[asset] = by_asset.get(asset, 0.0) + max(value, 0.0) * r["basis"]
        pegged = ("cash", "spot", "lending", "unrealised")
        for asset, (value, r) in self.net(lambda r: r["mark"], lambda r: r["asset"], pegged).items():
            rate = min(1.0, p["peg_factor"] * max(0.0, p["peg_threshold"] - r["spot"])) if r["depeg"] > 0 else 0.0
            by_asset[asset] = by_asset.get(asset, 0.0) + max(value, 0.0) * rate
        for asset, (value, r) in self.net(lambda r: r["mark"], lambda r: r["asset"], ("unrealised",)).items():
            limit = r["depth"] * r["spot"] if r.get("depth", 0) > 0 else p["gain_cap"] * r["turnover"]
            v = max(value, 0.0)
            by_asset[asset] = by_asset.get(asset, 0.0) + v - p["gain_credit"] * min(v, limit)
        worth = self.net(lambda r: r["mark"], lambda r: r["asset"], (*CAUGHT, "unrealised"))
        return sum(min(cut, max(worth[asset][0], 0.0)) for asset, cut in by_asset.items())

    def collateral(self) -> float:
        p, every = self.p, (*CAUGHT, "unrealised")
        total = self.haircuts()
        issued = self.net(lambda r: r["mark"] if r["issuer"] > 0 else 0.0, lambda r: r["issuer"], every)
        total += sum(p["issuer_haircut"] * max(0.0, x - p["issuer_limit"]) for x, _ in issued.values())
        total += sum(max(q, 0) * r["mark"] * min(p["option_decay_most"], p["option_decay"] * r["tau"])
                     for q, r in zip(self.q, self.of, strict=True) if r["kind"] == "option")
        for value, r in self.net(lambda r: r["mark"], lambda r: r["asset"], every).values():
            rate = p["debt_premium"] * (r["daily"] > 0) + r["borrow"] * p["horizon_days"] / 365
            total += max(-value, 0.0) * rate
        for name in {r["underlying"] for r in self.rows}:
            own = self.tail("history", lambda r, n=name: r["underlying"] == n)
            position = self.tail("history", lambda r, n=name: r["underlying"] == n and r["kind"] in DERIVED)
            backing = self.tail("history", lambda r, n=name: r["underlying"] == n and r["kind"] in CAUGHT)
            total += p["wrong_way"] * max(0.0, min(position, backing) + own - position - backing)
        return total

    def depeg(self) -> float:
        pegged = ("cash", "spot", "lending", "unrealised")
        by = self.net(lambda r: r["mark"] * r["depeg"], lambda r: r["issuer"], pegged)
        return max([0.0, *(x for x, _ in by.values())])

    def equity(self) -> float:
        return sum(q * r["mark"] for q, r in zip(self.q, self.rows, strict=True))

    def maintenance(self) -> float:
        return self.p["maintenance_share"] * self.risk() + self.liquidity() + self.collateral()

    def initial(self) -> float:
        p = self.p
        short = sum(max(-q, 0.0) * r["base_size"] * r["spot"]
                    for q, r in zip(self.q, self.of, strict=True) if r["kind"] == "option")
        doubt = 0.0
        moved = self.net(lambda r: r["delta"] * r["spot"], lambda r: (r["underlying"], r.get("confidence")))
        for x, r in moved.values():
            trust = r.get("confidence", 1.0)
            doubt += abs(x) * ((1 - trust) * p["confidence_factor"] if trust < p["confidence_threshold"] else 0.0)
        return ((1 + p["buffer"] * (1 - p["release"])) * self.risk() + p["stress_cover"] * self.depeg()
                + self.liquidity() + self.collateral() + p["short_option_minimum"] * short + doubt)
