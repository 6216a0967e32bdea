"""The topology file: one simulated cluster in TOML."""
