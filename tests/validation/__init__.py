"""Files, records and the relations between records are judged as their format says."""
