"""The settings of a command: its options over the environment."""

from typing import Any

from cordee.settings import Settings


def read_settings(**options: Any) -> Settings:
    """The settings; an option that was not given (None) leaves the environment's. Raises pydantic's ValidationError."""
    return Settings(**{name: value for name, value in options.items() if value is not None})
