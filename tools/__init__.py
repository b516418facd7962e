"""Programs that make the repository's generated files."""
