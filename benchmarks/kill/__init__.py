"""The parts of the kill loop: the process that is killed, the load, the ledger."""
