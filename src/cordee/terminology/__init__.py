"""The terminology service: expansions, validation of codes, look-ups, translations (R4 terminology-service.html)."""
