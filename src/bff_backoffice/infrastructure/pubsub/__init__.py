"""Google Cloud Pub/Sub: the bus in production. Imported only where settings choose it: the library is large."""
