"""How much collateral? Margin models decoded, bound to a market, indexed over a book, evaluated and explained."""
