"""`cordee export`: files for a caisse, a bank, an accountant, the professionals."""
