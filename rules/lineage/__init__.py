"""Who built on whom: signatures of scripts, the nearest earlier ones, what is new against them.

Likeness of texts is a lead, never a proof: it tells where a person may look, and not whose an idea was.
"""
