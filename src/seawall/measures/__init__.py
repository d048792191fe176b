"""How bad is it? Plain functions of P&L and of sensitivities; a loss is positive."""
