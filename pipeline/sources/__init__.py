"""Where lines come from: files, the journal, docker, standard input. The only door to watchdog."""
