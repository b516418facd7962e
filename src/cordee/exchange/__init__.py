"""What goes out to a caisse or a bank, and what comes back: bordereaux, return files, credit transfers."""
