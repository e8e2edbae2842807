"""Rasa 3.6.21's DIET classifier, a peer of the understanding benchmark."""
