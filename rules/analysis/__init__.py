"""What several rules need to know about a submission, worked out once."""
