"""Conformance suites for plugins, public: what every part of a kind must do."""

from __future__ import annotations

from seawall.testing.instruments import PROMISES, check_instrument

__all__ = ["PROMISES", "check_instrument"]
