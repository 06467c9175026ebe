"""Who is told, when, how and how often: routes, waits, channels, the outbox."""
