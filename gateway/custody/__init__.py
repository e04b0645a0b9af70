"""The only code that moves, writes or syncs files: claim, settle, manifest, verify."""
