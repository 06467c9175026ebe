"""How early a decline is told: stories that end in a block or recover, and quiet months, in real log lines."""
