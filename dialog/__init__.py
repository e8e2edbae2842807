"""The asyncio dialog core: types, events, state, plugin contracts, conversations and the log."""
