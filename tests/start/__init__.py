"""From a fresh clone or wheel to a running gateway."""
