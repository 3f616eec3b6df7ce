"""The always-on side: the service with its schedule, its MQTT and its place in Home Assistant."""
