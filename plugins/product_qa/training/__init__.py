"""Training of the product question parts (needs the extra `train`)."""
