"""The customer's phone (patent: terminal): Textual app, command line and transaction session."""
