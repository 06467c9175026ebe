"""Findings become incidents: one story, one incident, with its verdict and its life."""
