"""What should we fear? The worst plausible move, the mildest that breaks us, and what is dangerous only together."""
