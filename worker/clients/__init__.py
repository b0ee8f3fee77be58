"""What Fairway talks to: GitHub now, the language model later."""
