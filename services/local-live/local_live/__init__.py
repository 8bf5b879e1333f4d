"""Speaks the Gemini Live wire protocol where there is no key, and in tests."""
