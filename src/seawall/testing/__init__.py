"""Conformance suites for plugins, public: what every part of a kind must do."""

from __future__ import annotations

from seawall.testing.instruments import check_instrument

__all__ = ["check_instrument"]
