"""How is it written down? Readers and writers; every problem with its file, row, field and remedy."""
