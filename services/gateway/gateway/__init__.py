"""The gateway: checks clients in, stores what they say, sends back what is said to them."""
