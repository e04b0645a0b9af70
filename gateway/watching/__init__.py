"""What wakes a pass before it is due: events of the file system, where they work."""
