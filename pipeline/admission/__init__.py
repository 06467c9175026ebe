"""Bring the lines of all sources into one order, each once."""
