"""What if? Margin before and after a change, how much still fits, what restores it, how far off the end is."""
