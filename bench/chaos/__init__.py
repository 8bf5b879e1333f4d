"""Breaks a whole system of real processes under load, and keeps a ledger that must balance."""
