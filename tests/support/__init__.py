"""Tools of the tests: the machine's test cluster, databases by template, processes."""
