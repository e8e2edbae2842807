"""The web server: Rasa's REST channel, a text websocket with OpenAI's Realtime events, health and metrics."""
