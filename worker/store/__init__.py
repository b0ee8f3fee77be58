"""The database: models and queries. The truth about every pull request is here; the broker only rings.

Queries take a session and flush; who opened the session commits (`worker.store.session`).
"""
