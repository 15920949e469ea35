"""The suite. Functional tests drive the real developer world over sockets."""
