"""MQTT: what is published, what is understood, and the life of the connection."""
