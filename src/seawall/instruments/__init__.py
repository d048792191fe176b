"""What is it worth? One file per kind, each an entry point in the group ``seawall.instruments``."""
