"""What does the rulebook ask? Models that supervisors and industry bodies write down, from a table of sensitivities."""
