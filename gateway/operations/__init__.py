"""What an operator may ask for; the same actions serve the command line and later consoles."""
