"""Decide what is abuse, gather it into incidents, and tell people."""
