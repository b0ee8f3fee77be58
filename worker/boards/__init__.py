"""Leaderboards and authors, from rulings. Values and their rendering are pure; where they come from stands apart."""
