"""Events that wake passes: what is seen, what is not, and what is said of it."""
