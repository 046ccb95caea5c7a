"""GSM modems on ptys, and the SMS network that joins them."""
