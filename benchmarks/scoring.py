"""Bytes of tokens and bits per byte: tokens a second, beside a loop in Python and beside the memory's bandwidth.

Byte counting reads two bytes for each token, so that the floor is the time to read that much memory once.

    python -m benchmarks.scoring [--tokens 20000000]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from evaluator import shards
from evaluator.bpb import token_nll
from evaluator.bytecount import ByteTable

VOCAB_SIZE = 8_192
LOOPED = 300_000
ROWS = 8_192
REPEATS = 5


def table_of(vocab_size: int) -> ByteTable:
    """A table of the usual kind: some boundaries, half of the pieces with a leading space."""
    draw = np.random.default_rng(3)
    boundary = np.arange(vocab_size) < 3
    length = np.where(boundary, 0, draw.integers(1, 12, vocab_size)).astype(np.int64)
    return ByteTable(length, ~boundary & (draw.random(vocab_size) < 0.5), boundary)


def looped(table: ByteTable, tokens: list[int]) -> int:
    """The definition, token by token."""
    length, space, boundary = table.length.tolist(), table.space.tolist(), table.boundary.tolist()
    total = 0
    before = tokens[0]
    for token in tokens[1:]:
        total += length[token]
        if space[token] and not boundary[before]:
            total += 1
        before = token
    return total


def seconds(work: Callable[[], object]) -> float:
    """The best of some repetitions, in processor seconds of this thread: other work on the machine counts little."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.thread_time()
        work()
        best = min(best, time.thread_time() - started)
    return best


def counting(count: int) -> None:
    """Print the speed of byte counting."""
    table, tokens = table_of(VOCAB_SIZE), shards.noise(count, VOCAB_SIZE, 1)
    few = tokens[:LOOPED]
    assert table.count(few) == looped(table, few.tolist())
    ours = count / seconds(lambda: table.count(tokens))
    naive = LOOPED / seconds(lambda: looped(table, few.tolist()))
    words = tokens.view(np.uint64)
    reading = tokens.nbytes / seconds(lambda: np.bitwise_or.reduce(words))
    print(f"byte counting: {ours / 1e6:,.0f} million tokens a second on one core")
    print(f"  against a loop in Python: {ours / naive:,.0f} times ({naive / 1e6:.1f} million a second)")
    print(f"  against reading the tokens once ({reading / 1e9:.1f} GB/s): {ours * 2 / reading:.3f} of the bandwidth")


def scoring(device: str) -> None:
    """Print the speed of losses from logits, and the bandwidth that it amounts to."""
    import torch

    logits = torch.randn(ROWS if device == "cuda" else ROWS // 16, VOCAB_SIZE, device=device)
    targets = torch.randint(0, VOCAB_SIZE, (len(logits),), device=device)

    def work() -> None:
        token_nll(logits, targets).sum().item()

    clock = time.perf_counter if device == "cuda" else time.thread_time
    work()
    best = float("inf")
    for _ in range(REPEATS):
        started = clock()
        work()
        best = min(best, clock() - started)
    rate = len(logits) / best
    name = torch.cuda.get_device_name() if device == "cuda" else "one core"
    gigabytes = rate * 4 * VOCAB_SIZE / 1e9
    print(f"scoring on {name}: {rate:,.0f} tokens a second of {VOCAB_SIZE:,} logits, {gigabytes:.1f} GB/s of logits")


def counting_on_gpu(count: int) -> None:
    """Print the speed of byte counting on the GPU beside a copy of the same bytes there."""
    import torch

    table = table_of(VOCAB_SIZE)
    tokens = torch.from_numpy(shards.noise(count, VOCAB_SIZE, 1).astype(np.int32)).cuda()
    table.count_on(tokens)
    torch.cuda.synchronize()
    started = time.perf_counter()
    table.count_on(tokens)
    ours = count / (time.perf_counter() - started)
    print(f"byte counting on {torch.cuda.get_device_name()}: {ours / 1e6:,.0f} million tokens a second")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--tokens", type=int, default=20_000_000)
    chosen = parser.parse_args(arguments)
    counting(chosen.tokens - chosen.tokens % 4)
    import torch

    torch.set_num_threads(1)
    scoring("cpu")
    if torch.cuda.is_available():
        counting_on_gpu(chosen.tokens)
        scoring("cuda")
    return 0


if __name__ == "__main__":
    sys.exit(main())
