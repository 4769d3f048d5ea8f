"""What the engine decides. Pure: no clock, no disk, no network, no ledger."""
