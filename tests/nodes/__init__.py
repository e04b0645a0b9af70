"""Several gateways on one site."""
