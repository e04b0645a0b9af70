"""Is a file what its format says? Envelope, records and the relations between records; findings come out."""
