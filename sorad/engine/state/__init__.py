"""What the engine knows between steps: in memory, and remembered in the ledger."""
