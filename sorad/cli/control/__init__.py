"""Commands that tell the daemon what to do: each leaves a row in the ledger."""
