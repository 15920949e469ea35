"""Postgres: what must survive. Every transaction sets its tenant first; every table is under row-level security."""
