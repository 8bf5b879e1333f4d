"""Measures a whole system of real processes on this machine; bench/README.md says what and how."""
