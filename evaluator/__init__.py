"""Running submissions. May import torch, inside functions; imports the values of `rules` only."""
