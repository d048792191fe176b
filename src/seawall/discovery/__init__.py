"""What should we fear? The worst that is plausible, the mildest that ruins, and what is safe only alone."""
