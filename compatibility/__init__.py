"""Whether the API document keeps what /v1 has promised. Beside the service, which never imports this."""
