"""The stages of the pipeline, one file each: a function of a context and a lease.

The order stands here once. A stage that is not built is simply not in it.
"""
