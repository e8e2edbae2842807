"""The chat in the terminal: one conversation, line by line."""
