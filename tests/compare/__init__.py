"""Two versions of a format compared: kinds, verdicts, laws."""
