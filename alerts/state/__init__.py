"""State that survives: records by key, bounded in memory, committed with the batch."""
