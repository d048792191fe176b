"""Whom can a tick not hurt? Accounts certified healthy over a box of markets, and exact margin for all others."""
