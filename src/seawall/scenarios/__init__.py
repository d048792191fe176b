"""What could happen? Generators of scenario rules, and the rule applied to a market."""
