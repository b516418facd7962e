"""Collective payments: the capitation of a patient list (PEPS), the shared savings of a group (IPEP)."""
