"""Small logs in the dialects of the field, written for the tests."""

from __future__ import annotations

from rules.reading.logs import read_log
from rules.submission import TrainLog

SCRIPT = '''"""A tiny trainer."""

from __future__ import annotations

import os
import torch

class Hyperparameters:
    seed = int(os.environ.get("SEED", 7))

def evaluate(model):
    return 2.0, 1.1

def main():
    log0(f"final_int8_zlib_roundtrip val_loss:{2.0:.4f} val_bpb:{1.0:.4f} eval_time:1ms")
    log0("Total submission size int8+zlib: 99999999 bytes")
    log0("seed:999")

if __name__ == "__main__":
    main()
'''

RUN = """Running Python 3.11.9 (main)
|   0  NVIDIA H100 80GB HBM3          On  |   00000000:04:00.0 Off |                    0 |
|   1  NVIDIA H100 80GB HBM3          On  |   00000000:05:00.0 Off |                    0 |
val_bpb:enabled tokenizer_kind=sentencepiece tokenizer_path=./data/tokenizers/tok_1024.model
train_loader:dataset:fineweb10B_sp1024 train_shards:80
val_loader:shards pattern=./data/datasets/fineweb10B_sp1024/fineweb_val_*.bin tokens:62021632
model_params:17059912
world_size:8 grad_accum_steps:1
train_batch_tokens:524288 train_seq_len:1024 iterations:20000 warmup_steps:20 max_wallclock_seconds:600.000
seed:1337
warmup_step:1/20
step:0/20000 val_loss:6.9357 val_bpb:4.1077 train_time:0ms step_avg:0.01ms
step:1000/20000 train_loss:2.4000 train_time:50000ms step_avg:50.00ms
step:11000/20000 train_loss:2.1000 train_time:550000ms step_avg:50.00ms
step:12001/20000 val_loss:2.0606 val_bpb:1.2172 train_time:600038ms step_avg:50.00ms
stopping_early: wallclock_cap train_time:600038ms step:12001/20000
Serialized model: 67224983 bytes
Code size: 47642 bytes
Total submission size: 67272625 bytes
Serialized model int8+zlib: 15815847 bytes (payload:17178912 raw_torch:17224025 payload_ratio:3.91x)
Total submission size int8+zlib: 15863489 bytes
DIAGNOSTIC post_ema val_loss:2.0500 val_bpb:1.2100 eval_time:2000ms
final_int8_zlib_roundtrip val_loss:2.0727 val_bpb:1.2244 eval_time:1401ms
final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570
"""

TILT = """Hyperparameters:
  gptq_reserve_seconds: 0.5
  max_wallclock_seconds: 600.0
  seed: 42
  ttt_enabled: True
  val_files: ./data/datasets/sp8192/fineweb_val_*.bin
  world_size: 8
train_shards: 128
val_tokens: 40540160
gptq:reserving 0s, effective=599500ms
1/20000 train_loss: 9.0111 train_time: 0.0m tok/s: 8311737
4500/20000 train_loss: 2.7634 train_time: 9.7m tok/s: 6106541
4557/20000 val_loss: 2.8129 val_bpb: 1.0889
stopping_early: wallclock_cap train_time: 599608ms step: 4557/20000
diagnostic pre-quantization post-ema val_loss:2.80977929 val_bpb:1.08775313 eval_time:7438ms
Code size (uncompressed): 121884 bytes
Code size (compressed): 27310 bytes
GPTQ:collecting Hessians from calibration data...
GPTQ:collected 67 Hessians in 6.9s
Total submission size quantized+brotli: 15992919 bytes
ngram_tilt:precompute_done elapsed=33.10s total_targets=40540160
beginning TTT eval timer
ngram_tilt:hints total=40540160 gated=1300 token_gate=628 within_gate=986 word_gate=0 agree2plus=30
ttt_chunk [1/1238] bpb=1.159980 time=0.5s
ttt_chunk [1237/1238] bpb=1.081000 time=367.5s
quantized_ttt_phased val_loss:2.79241542 val_bpb:1.08103103 eval_time:368074ms
total_eval_time:368.1s
"""


def read(text: str, path: str = "a/train.log") -> TrainLog:
    """The log that `text` is."""
    return read_log(path, "blob", text.encode())[0]


def line_of(text: str, start: str, which: int = 1) -> int:
    """The number of the `which`-th line that begins with `start`."""
    return [n for n, line in enumerate(text.split("\n"), 1) if line.strip().startswith(start)][which - 1]
