"""Conformance suites for plugins, public: what every part of a kind must do, and every margin model."""

from __future__ import annotations

from seawall.testing.instruments import PROMISES, check_instrument
from seawall.testing.margin import check_margin_model
from seawall.testing.margin_cases import MarginCase
from seawall.testing.rule_mutation import rule_mutation

__all__ = ["PROMISES", "MarginCase", "check_instrument", "check_margin_model", "rule_mutation"]
