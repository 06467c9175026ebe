"""Detections that need memory of what is normal, or that Sigma cannot say; found by name."""
