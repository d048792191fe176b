"""What do we tell? Measured arrays made into the rows of the report: numbers and names, no wording."""
