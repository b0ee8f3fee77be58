"""What is said on a pull request: a check, a comment and labels, each a pure function of one situation."""
