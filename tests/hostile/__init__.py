"""Hostile files, names, directories, disks and neighbours, as a user would meet them."""
