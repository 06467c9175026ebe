"""Our own ways to reach a service, where Apprise's would lose the life of an incident: one a file."""
