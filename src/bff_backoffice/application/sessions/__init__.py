"""Who is asking, from the first request of a device to the end of its session."""
