"""Lanes: one thread for each route, and for each remote destination of it; nobody waits for another."""
