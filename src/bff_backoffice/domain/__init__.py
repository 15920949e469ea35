"""Frozen data and pure rules: no await, no clock, no vendor."""
