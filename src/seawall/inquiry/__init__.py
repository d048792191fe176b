"""What does one ask of a book beside its report? One question a module: tail, stress, reverse, backtest."""
