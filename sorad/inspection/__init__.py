"""Looking at what was delivered: posters, checks, contact sheets. None of it buys, or moves a take before another.

``worker.py`` is the thread that looks, one video at a time; what is still to be looked at, the ledger says.
"""
