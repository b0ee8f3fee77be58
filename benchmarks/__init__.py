"""Measurements, never assertions: each prints ratios within one run. None of them runs in the tests."""
