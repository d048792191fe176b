"""What happened before? Raw bars cleaned into a panel, every gap with its reason, and dynamics fitted to it."""
