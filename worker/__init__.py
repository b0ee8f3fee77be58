"""The pipeline: from a pull request to a verdict. Stages are plain functions."""
