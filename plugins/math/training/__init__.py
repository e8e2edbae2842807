"""Training of the embedded solver (needs the extra `train`)."""
