"""Alembic migrations. One change each; up and down are tested on PostgreSQL and SQLite."""
