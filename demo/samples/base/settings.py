"""Thimble Sprint: a small GPT that is trained for one minute and stored in less than a megabyte."""

import glob
import io
import math
import os
import random
import time
import zlib
from pathlib import Path

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Settings:
    """What a run may change, each from the environment variable of the same name in capitals."""

    run_id = os.environ.get("RUN_ID", "run")
    seed = int(os.environ.get("SEED", 11))
    data_path = os.environ.get("DATA_PATH", "./data/thimble_sp512")
    tokenizer_path = os.environ.get("TOKENIZER_PATH", "./data/tokenizers/thimble_sp512.model")
    vocab_size = int(os.environ.get("VOCAB_SIZE", 512))

    iterations = int(os.environ.get("ITERATIONS", 4000))
    max_wallclock_seconds = float(os.environ.get("MAX_WALLCLOCK_SECONDS", 60.0))
    val_loss_every = int(os.environ.get("VAL_LOSS_EVERY", 500))
    train_log_every = int(os.environ.get("TRAIN_LOG_EVERY", 200))

    seq_len = int(os.environ.get("SEQ_LEN", 256))
    batch_tokens = int(os.environ.get("BATCH_TOKENS", 32768))
    eval_batch = int(os.environ.get("EVAL_BATCH", 64))

    num_layers = int(os.environ.get("NUM_LAYERS", 4))
    model_dim = int(os.environ.get("MODEL_DIM", 128))
    num_heads = int(os.environ.get("NUM_HEADS", 4))
    mlp_mult = int(os.environ.get("MLP_MULT", 3))
    logit_cap = float(os.environ.get("LOGIT_CAP", 20.0))

    learning_rate = float(os.environ.get("LEARNING_RATE", 0.004))
    weight_decay = float(os.environ.get("WEIGHT_DECAY", 0.05))
    warmup_steps = int(os.environ.get("WARMUP_STEPS", 40))
    warmdown = float(os.environ.get("WARMDOWN", 0.4))
    grad_clip = float(os.environ.get("GRAD_CLIP", 1.0))
