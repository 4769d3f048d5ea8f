"""Commands that show how things stand. They read the ledger, with the daemon dead or alive."""
