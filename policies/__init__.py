"""Routing as a library: policies over candidates. It knows nothing of dialogs, plugins or the application."""
