"""The stages of the pipeline, one file each: a function of a context and a lease."""
