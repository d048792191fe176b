"""Portfolio risk aggregation: every derivative position, from every venue, as one book."""
