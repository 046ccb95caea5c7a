"""The bank's service server: keys and seeds, authentication, accounts and ledger."""
