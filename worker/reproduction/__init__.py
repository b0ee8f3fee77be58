"""Runs on machines of ours: the ladder, who may ask, what it may cost, how a run is watched and what comes of it.

The database's row of a run is the truth; Celery's message only says that somebody should look at it.
"""
