"""The log that a run of a sample prints, from the run's few figures.

Every number follows from another: bytes add up, bits per byte are nats per token divided by ln 2 and by bytes per
token, times are steps times their length, and the settings are the script's defaults with those of the run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demo.samples import QUANTISATION, Number, Run

Value = Number | str

HEADLINE = (
    "final_int8_zlib_roundtrip val_loss:{val_loss:.4f} val_bpb:{val_bpb:.4f} eval_time:{eval_ms}ms",
    "final_int8_zlib_roundtrip_exact val_loss:{val_loss:.8f} val_bpb:{val_bpb:.8f}",
)


@dataclass(frozen=True, slots=True)
class Script:
    """What a log tells about the script: its settings, its bytes as shipped, the parameters of its model."""

    settings: Mapping[str, Value]
    code_bytes: int
    model_params: int
    headline: tuple[str, ...] = HEADLINE


def nats_per_token(val_bpb: float, bytes_per_token: float) -> float:
    """The loss that goes with a score."""
    return val_bpb * math.log(2) * bytes_per_token


def model_params(settings: Mapping[str, Value]) -> int:
    """Parameters of the base's model: embedding, four square and two wide matrices a layer, norms."""
    width, layers, mult, vocab = (int(settings[n]) for n in ("model_dim", "num_layers", "mlp_mult", "vocab_size"))
    return vocab * width + layers * ((4 + 2 * mult) * width**2 + 2 * width) + width


def train_log(run: Run, script: Script) -> str:
    """The whole log, with a line feed at its end."""
    settings = {**script.settings, "seed": run.seed, "run_id": f"seed_{run.seed}", **run.settings}
    lines = [*_head(run, script, settings), *_curve(run, settings), *_artifact(run, script), *_headline(run, script)]
    return "".join(f"{line}\n" for line in lines)


def _head(run: Run, script: Script, settings: Mapping[str, Value]) -> Iterator[str]:
    yield "hyperparameters:"
    yield from (f"  {name}: {value}" for name, value in settings.items())
    yield f"device:{run.gpu}"
    yield f"world_size:1 seed:{run.seed}"
    folder = str(settings["data_path"])
    yield f"train_loader:dataset:{folder.rsplit('/', 1)[-1]} train_shards:4"
    yield f"val_loader:shards pattern={folder}/*_val_*.bin tokens:{run.val_tokens}"
    yield f"model_params:{script.model_params}"


def _curve(run: Run, settings: Mapping[str, Value]) -> Iterator[str]:
    """Training and validation losses on their way down, then the end of training."""
    chance = random.Random(run.seed)  # noqa: S311 - noise on a curve
    iterations, cap_ms = int(settings["iterations"]), 1000 * float(settings["max_wallclock_seconds"])
    start = math.log(int(settings["vocab_size"])) + 0.0107
    end = nats_per_token(run.trained_bpb, run.bytes_per_token)

    def clock(step: int) -> str:
        spent = round(run.train_ms * step / run.steps)
        return f"train_time:{spent}ms step_avg:{spent / max(1, step):.2f}ms"

    def validation(step: int) -> str:
        loss = end + (start - end) * _left(step, run.steps)
        bpb = loss / math.log(2) / run.bytes_per_token
        return f"step:{step}/{iterations} val_loss:{loss:.4f} val_bpb:{bpb:.4f} {clock(step)}"

    for step in range(run.steps + 1):
        if step and step % int(settings["train_log_every"]) == 0:
            loss = end + (start - end) * _left(step, run.steps) + chance.gauss(0, 0.02)
            yield f"step:{step}/{iterations} train_loss:{loss:.4f} {clock(step)}"
        if step == run.steps and 0 < cap_ms <= run.train_ms:
            yield f"stopping_early: wallclock_cap train_time:{run.train_ms}ms step:{step}/{iterations}"
        if step == run.steps or step % int(settings["val_loss_every"]) == 0:
            yield validation(step)


def _left(step: int, steps: int) -> float:
    """The share of the whole descent that still lies ahead: 1 at the start, 0 at the end."""

    def height(at: int) -> float:
        return math.pow(1 + at / 40, -0.9)

    return (height(step) - height(steps)) / (1 - height(steps))


def _artifact(run: Run, script: Script) -> Iterator[str]:
    yield f"Serialized model: {4 * script.model_params} bytes"
    yield f"Code size: {script.code_bytes} bytes"
    yield f"Serialized model int8+zlib: {run.model_bytes} bytes"
    yield f"Total submission size int8+zlib: {script.code_bytes + run.model_bytes} bytes"


def _headline(run: Run, script: Script) -> Iterator[str]:
    figures = {
        "val_loss": nats_per_token(run.val_bpb, run.bytes_per_token),
        "val_bpb": run.val_bpb,
        "eval_ms": run.eval_ms,
        "eval_seconds": run.eval_ms / 1000,
        "plain_loss": nats_per_token(run.trained_bpb + QUANTISATION, run.bytes_per_token),
        "plain_bpb": run.trained_bpb + QUANTISATION,
    }
    return (line.format(**figures) for line in script.headline)
