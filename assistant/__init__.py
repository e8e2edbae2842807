"""The application: configuration, composition, command line, chat and server."""
