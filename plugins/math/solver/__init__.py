"""The embedded solver: trained expression models whose beams are channels. No key, no network, no torch."""
