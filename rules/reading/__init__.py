"""From files to a Submission. Nothing here executes what it reads, and every reader has its limits."""
