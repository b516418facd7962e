"""Code systems, value sets and concept maps as pure data (R4 terminology-module.html)."""
