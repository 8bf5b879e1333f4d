"""What the services must agree on: messages, keys, codec, the bus, settings and errors."""
