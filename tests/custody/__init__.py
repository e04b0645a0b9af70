"""The custody room: moves, settling, manifests, verification, on real files."""
