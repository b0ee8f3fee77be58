"""Commands in comments: their grammar, where they count, who may give them, what they do and what is answered."""
