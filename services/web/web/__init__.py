"""The web service: the page, the tickets that let a client in, and the monitor."""
