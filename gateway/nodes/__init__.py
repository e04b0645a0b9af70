"""Several gateways that work on one site: who is there, who works on what, and what fences off the others."""
