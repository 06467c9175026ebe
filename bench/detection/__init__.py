"""The bench of detection: a simulated server's life and attacks on it, in real log lines, and what mailwarden makes of them."""
