"""What does the market say? From quotes to forwards, volatilities, smiles and a market of factors."""
