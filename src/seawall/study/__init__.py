"""Would it have worked? Rolling backtests: models that only know the past, judged by what then came."""
