"""The soak: arrivals, faults, kills, operators and clock jumps, against a model of what must be true."""
