"""Subscriptions carried out: changes matched, events recorded, notifications sent, in order and at least once."""
