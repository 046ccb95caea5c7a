"""The operator's management platform: bearers, binding, dynamic keys, relay to the bank."""
