"""Whether a server keeps the promises of the live stream and its polling, from outside."""
