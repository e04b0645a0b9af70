"""Several gateways (nodes) on one site: who is there, who works on which route, and who may not any more."""
