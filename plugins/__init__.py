"""Everything that can be swapped: the built-in plugins, each behind a contract of `dialog`."""
