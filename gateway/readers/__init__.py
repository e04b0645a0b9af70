"""Physical kinds -> records, in bounded memory, with every value exactly as it stood."""
