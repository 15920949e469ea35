"""HTTP and messages in, answers out."""
