"""How a triage is told: to a person in Markdown or on a terminal, to a program in JSON."""
