"""A small competition with sample submissions, and the program that writes and triages its repository."""
