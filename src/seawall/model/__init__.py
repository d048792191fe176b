"""What is it? Frozen nouns and protocols; no formulas."""
