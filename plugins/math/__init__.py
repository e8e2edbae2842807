"""Word problems: a question becomes a template, programs for it are checked, run within limits, and compared."""
