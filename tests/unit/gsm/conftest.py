"""Hypothesis without a deadline: how long an example takes says more of the machine than of the codec."""

from hypothesis import settings

settings.register_profile("gsm", deadline=None)
settings.load_profile("gsm")
