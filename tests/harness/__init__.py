"""A whole Moim on this machine, for the tests: processes, ports, readiness."""
