"""Adapters, arranged by the outside system that each talks to."""
