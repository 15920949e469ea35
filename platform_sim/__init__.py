"""The platform simulator: fourteen services, one deterministic world, control routes and the reference console.

It shares no code with the service that it stands around. `docs/upstreams.md` is their common ground.
"""
