"""The demonstration: everything that goes wrong in production, in a few seconds, with a ledger that has to add up at the end."""
