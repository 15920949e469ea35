"""Drills: bad weather on purpose, measured from outside. Never part of the service, which never imports them."""
