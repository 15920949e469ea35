"""The world of the simulator: what exists, made from a seed, and changed by the services."""
