"""The commands, a module each with `configure(parser)` and `run(args)`; imported only when used."""
