"""The formats and samples that the gateway comes with."""
