"""Benchmarks of the service and of its peers: one command, one table, no part of the tests (`docs/benchmarks.md`)."""
