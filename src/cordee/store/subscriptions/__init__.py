"""Subscriptions in PostgreSQL: what was written of the subscribed types, where each subscription stands, its events."""
