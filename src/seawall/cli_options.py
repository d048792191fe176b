"""How is a command line read and answered? What every command shares: pairs of names, and the screen it prints to."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from seawall.errors import InputError

Cluster = Annotated[str, typer.Option("--cluster", help="Who computes: a Dask scheduler's address, such as "
                                      "tcp://host:8786, or local:N for processes here. Default: threads.")]
WIDTH, NARROWEST, WIDEST = 122, 100, 160


def screen() -> Console:
    """Standard output: as wide as it is, within what the tables are made for; a pipe has no width of its own."""
    console = Console()
    told = console.is_terminal or "COLUMNS" in os.environ
    return Console(width=min(max(console.width, NARROWEST), WIDEST) if told else WIDTH)


def pairs(option: str, texts: list[str], example: str = "BTCUSDT=BTC") -> dict[str, str]:
    """``NAME=MEANING`` by name. Raises InputError naming the option."""
    found = {}
    for text in texts:
        left, equals, right = text.partition("=")
        if not (left.strip() and equals and right.strip()):
            raise InputError(option, found=text, wanted="NAME=MEANING", remedy=f"such as {example}")
        found[left.strip()] = right.strip()
    return found


def proxies(texts: list[str]) -> dict[str, tuple[str, float]]:
    """``ASSET=SOURCE:BETA`` by asset. Raises InputError."""
    found = {}
    for asset, meaning in pairs("--proxy", texts).items():
        source, _, beta = meaning.partition(":")
        try:
            found[asset] = (source, float(beta or 1.0))
        except ValueError as error:
            raise InputError("--proxy", found=f"{asset}={meaning}", wanted="ASSET=SOURCE:BETA",
                             remedy="such as AVAX=BTC:1.4") from error
    return found


def numbers(option: str, texts: list[str]) -> dict[str, float]:
    """``NAME=NUMBER`` by name. Raises InputError naming the option."""
    found = {}
    for name, text in pairs(option, texts, "BTC-PERPETUAL=-100").items():
        try:
            found[name] = float(text)
        except ValueError as error:
            raise InputError(option, found=f"{name}={text}", wanted="NAME=NUMBER") from error
    return found
