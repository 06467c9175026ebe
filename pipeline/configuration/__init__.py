"""The configuration: one YAML file that may be absent, read to its end, every fault told at once."""
