"""Proof that the backups restore: the databases for real, into a scratch folder, and a sample of the uploads."""
