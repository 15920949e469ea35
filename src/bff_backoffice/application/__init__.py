"""Use cases, one verb a class, with the ports that they need beside them."""
