"""Schema migrations of the log, run by `dialog.log.database.migrate`."""
