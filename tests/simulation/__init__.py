"""Handset, operator and bank in one process, on real stores, under seeded faults and simulated time."""
