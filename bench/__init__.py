"""What mailwarden costs, and what it finds: measured, never guessed. Each is a command: `python -m bench.run` and its kin."""
