"""What do people see? The report in words, tables and charts; no number is computed here."""
