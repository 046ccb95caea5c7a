"""`modem-emulator panel`: a running emulator on one screen. A client of its control socket and nothing else."""
