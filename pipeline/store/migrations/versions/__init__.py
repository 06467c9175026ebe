"""The revisions, numbered upwards."""
