"""WHAT CHANGED? Two saved runs, each with its inputs: the P&L between them and the change of the risk, explained."""
