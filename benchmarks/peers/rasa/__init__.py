"""Rasa 3.6.21, the peer of the turn benchmark."""
