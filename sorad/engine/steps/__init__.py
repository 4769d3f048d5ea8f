"""The steps: each makes one HTTP exchange and ends in one ledger commit."""
