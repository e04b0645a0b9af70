"""One file per stage: each takes a batch of files one step further and returns it."""
