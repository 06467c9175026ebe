"""Own the outside: sources, admission, correlation, store, archive, reports, command line."""
