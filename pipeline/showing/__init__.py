"""How what was found reads, whoever shows it: the command line, the page and the report."""
