"""One module per feature; routes do not know each other."""
