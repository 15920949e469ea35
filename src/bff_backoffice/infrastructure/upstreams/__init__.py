"""One gateway per platform service, name for name with section 7 of the specification."""
