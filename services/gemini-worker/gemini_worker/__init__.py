"""The worker: claims sessions, holds one Live session for each, moves media both ways."""
