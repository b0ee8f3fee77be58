"""How one request becomes one evidence record, step by step; `evaluator.reproduce` puts the steps together."""
