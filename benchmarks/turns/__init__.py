"""The parts of the turn benchmark: sentences, load, processes."""
