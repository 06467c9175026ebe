"""The wording of each server: one module and one file of samples a server, found by name."""
