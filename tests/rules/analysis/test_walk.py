from __future__ import annotations

import ast
import random
from functools import cache
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.compose import script
from demo.samples import Sample, load_samples
from rules.analysis.flow import machine
from rules.analysis.flow.events import Event, Kind, Trace
from rules.analysis.flow.labels import INPUT, NLL, TARGET, TRAIN, VAL, Read, Token
from rules.analysis.flow.order import Order, relation
from rules.analysis.flow.walk import trace_of
from tests.rules.harness import submission_of

READ = """\
import glob, os
import numpy as np
import torch
import torch.nn.functional as F

def shard(file):
    return torch.from_numpy(np.fromfile(file, dtype=np.uint16))

class Args:
    data = os.environ.get("DATA_PATH", "./data")
    train = os.path.join(data, "fineweb_train_*.bin")
    val = os.path.join(data, "fineweb_val_*.bin")

class Net(torch.nn.Module):
    def forward(self, x, y):
        return F.cross_entropy(self.head(x), y)

args = Args()
val = torch.cat([shard(f) for f in sorted(glob.glob(args.val))])
"""


HEAD = READ.count("\n")


def walked(program: str, **files: str) -> Trace:
    trace = trace_of(submission_of({"files": {"train_gpt.py": program, **files}}))
    assert trace is not None
    assert trace.cut == ""
    return trace


def only(trace: Trace, kind: Kind) -> Event:
    (event,) = trace.all(kind)
    return event


def test_tokens_are_known_by_the_files_that_they_are_read_from() -> None:
    trace = walked(
        READ
        + "model = Net()\n"
        + "train = shard(glob.glob(args.train)[0])\n"
        + "loss = model(train[:-1], train[1:])\n"
        + "loss.backward()\n"
        + "total = 0.0\n"
        + "total += model(val[:-1], val[1:])\n"
    )
    learn, score = only(trace, Kind.LEARN), only(trace, Kind.SCORE)
    assert {TRAIN, NLL} <= learn.labels
    assert VAL not in learn.labels
    assert {VAL, NLL, INPUT, TARGET} <= score.labels
    assert TRAIN not in score.labels
    assert score.name == "total"


def test_a_loader_is_followed_through_its_class() -> None:
    trace = walked(
        READ
        + "class Stream:\n"
        + "    def __init__(self, pattern):\n"
        + "        self.files = sorted(glob.glob(pattern)); self.tokens = None\n"
        + "    def take(self, n):\n"
        + "        if self.tokens is None:\n"
        + "            self.tokens = shard(self.files[0])\n"
        + "        chunk = self.tokens[:n]\n"
        + "        return chunk[:-1].cuda(), chunk[1:].cuda()\n"
        + "model = torch.compile(Net())\n"
        + "stream = Stream(args.train)\n"
        + "for step in range(10):\n"
        + "    x, y = stream.take(100)\n"
        + "    model(x, y).backward()\n"
    )
    assert {TRAIN, NLL, INPUT, TARGET} <= only(trace, Kind.LEARN).labels


@pytest.mark.parametrize(
    ("default", "log", "learns"),
    [("0", "", False), ("1", "", True), ("0", "ttt_enabled: True\n", True), ("1", "ttt_enabled: False\n", False)],
)
def test_what_the_settings_switch_off_does_not_happen(default: str, log: str, learns: bool) -> None:
    program = (
        READ
        + f'enabled = bool(int(os.environ.get("TTT_ENABLED", "{default}")))\n'
        + "class H:\n    ttt_enabled = enabled\n"
        + "h = H()\nmodel = Net()\n"
        + "if h.ttt_enabled:\n    model(val[:-1], val[1:]).backward()\n"
    )
    files = {"seed_1.log": f"{log}step:1/10 train_loss:3.1\nfinal val_bpb:1.2\n"} if log else {}
    assert bool(walked(program, **files).all(Kind.LEARN)) is learns


@pytest.mark.parametrize(
    ("default", "log", "learns"), [("0", "", False), ("1", "", True), ("0", "3", True), ("1", "0", False)]
)
def test_settings_in_a_dictionary_have_the_values_that_the_logs_print(default: str, log: str, learns: bool) -> None:
    program = (
        READ
        + "def env(name, default):\n    return type(default)(os.environ.get(name, default))\n"
        + "hp = dict(width=env('WIDTH', 512), depth=env('DEPTH', 9), seed=env('SEED', 1),\n"
        + f"          tuning=env('TUNING', {default}))\n"
        + "model = Net()\nif hp['tuning'] > 0:\n    model(val[:-1], val[1:]).backward()\n"
    )
    settings = f'hyperparameters:{{"width": 512, "depth": 9, "seed": 1, "tuning": {log}}}'
    files = {"seed_1.log": f"{settings}\nstep:1/10 train_loss:3.1\nfinal val_bpb:1.2\n"} if log else {}
    assert bool(walked(program, **files).all(Kind.LEARN)) is learns


def test_the_order_within_a_turn_is_that_of_the_lines() -> None:
    trace = walked(
        READ
        + "model = Net()\ntotal = 0.0\n"
        + "for i in range(0, len(val), 64):\n"
        + "    loss = model(val[i:i+64], val[i+1:i+65])\n"
        + "    total += loss.item()\n"
        + "    loss.backward()\n"
    )
    how = relation(only(trace, Kind.SCORE), only(trace, Kind.LEARN))
    assert how.order is Order.BEFORE
    assert [loop.line for loop in how.loops] == [HEAD + 3]


def test_branches_of_one_statement_happen_instead_of_each_other() -> None:
    trace = walked(
        READ
        + "model = Net()\ntotal = 0.0\n"
        + "if torch.rand(1) > 0.5:\n    total += model(val[:-1], val[1:])\n"
        + "else:\n    model(val[:-1], val[1:]).backward()\n"
    )
    assert relation(only(trace, Kind.SCORE), only(trace, Kind.LEARN)).order is Order.INSTEAD


def test_a_table_that_is_filled_later_in_the_loop_is_known_where_it_is_read() -> None:
    trace = walked(
        READ
        + "tokens = val.numpy()\n"
        + "table = np.zeros(1 << 16, dtype=np.uint32)\n"
        + "for i in range(0, len(tokens), 64):\n"
        + "    at = np.arange(i, i + 64)\n"
        + "    key = (tokens[at - 1] * 31) ^ (tokens[at] * 17)\n"
        + "    seen = table[key & 65535]\n"
        + "    np.add.at(table, key & 65535, 1)\n"
    )
    read, write = only(trace, Kind.READ), only(trace, Kind.WRITE)
    assert read.detail is write.detail
    offsets = sorted(label.offset for label in read.labels if isinstance(label, Token))
    assert offsets[-2:] == [-1, 0]
    assert VAL in read.labels


def test_a_look_up_that_reaches_the_score_is_told_by_its_number() -> None:
    trace = walked(
        READ
        + "model = Net()\ntable = np.ones(65536)\ntotal = 0.0\n"
        + "p = table[val[1:] & 65535]\n"
        + "table[val[1:] & 65535] += 1\n"
        + "total += model(val[:-1], val[1:]) * p\n"
    )
    score = only(trace, Kind.SCORE)
    lines = {trace.reads[label.number].line for label in score.labels if isinstance(label, Read)}
    assert lines == {HEAD + 4}


def test_a_run_that_is_claimed_did_not_end_in_a_complaint() -> None:
    trace = walked(
        READ + 'if os.environ.get("WORLD_SIZE", "1") == "1":\n    raise ValueError\nNet()(val, val).backward()\n'
    )
    assert trace.all(Kind.LEARN)


def test_helper_files_of_the_folder_are_walked_where_they_are_imported() -> None:
    trace = walked(
        READ + "from helper import learn\nlearn(Net(), val)\n",
        **{"helper.py": "def learn(model, tokens):\n    model(tokens[:-1], tokens[1:]).backward()\n"},
    )
    learn = only(trace, Kind.LEARN)
    assert VAL in learn.labels
    assert learn.location.name == "helper.py"


@pytest.mark.parametrize(
    "program",
    [
        "def f(n):\n    return f(n - 1)\nf(3)\n",
        "def a():\n    return b()\ndef b():\n    return a()\na()\n",
        "x = " + "[" * 80 + "]" * 80,
        "while True:\n    pass\n",
        "class A(A): pass\n",
        "x = y = z\ndel x\nx.a.b[0]()['k'].c += 1\n",
        "a, *b, c = d\n[f(x) for x in y if z for w in x]\nlambda *p, **q: p\n",
        "match x:\n    case [1, *_]:\n        y = 1\n    case _:\n        raise\n",
        "import train_gpt\nfrom train_gpt import *\n",
    ],
)
def test_odd_programs_come_to_an_end(program: str) -> None:
    assert trace_of(submission_of({"files": {"train_gpt.py": program}})) is not None


def test_a_walk_that_takes_too_long_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MOST_STEPS", 50)
    trace = trace_of(submission_of({"files": {"train_gpt.py": READ * 3}}))
    assert trace is not None
    assert "more than 50 steps" in trace.cut


@cache
def samples() -> tuple[Sample, ...]:
    return load_samples()


@given(st.integers(0, 10_000), st.data())
def test_programs_with_parts_torn_out_never_break_the_walk(seed: int, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(samples()))
    tree = _torn(ast.parse(script(sample)), random.Random(seed))
    trace = trace_of(submission_of({"files": {"train_gpt.py": ast.unparse(tree)}}))
    assert trace is None or "fault" not in trace.cut


def _torn(tree: ast.Module, chance: random.Random) -> ast.Module:
    """The program without some of its statements, arguments and targets."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "args", "keywords", "elts"):
            held = getattr(node, name, None)
            if isinstance(held, list) and held:
                kept = [one for one in held if chance.random() > 0.08]
                setattr(node, name, kept or (held[:1] if name == "body" else []))
    return ast.fix_missing_locations(tree)


@pytest.mark.parametrize(
    "pattern",
    [
        "'fineweb_%s_*.bin' % split",
        "'%s/fineweb_%s_%s.bin' % (folder, split, '*')",
        "'{}/fineweb_{}_*.bin'.format(folder, split)",
        "'{root}/fineweb_{0}_*.bin'.format(split, root=folder)",
        "f'{folder}/fineweb_{split}_*.bin'",
    ],
)
def test_a_name_of_a_file_is_put_together_in_any_way(pattern: str) -> None:
    trace = walked(
        READ
        + f"def tokens(split, folder):\n    return torch.cat([shard(f) for f in sorted(glob.glob({pattern}))])\n"
        + "net = Net()\nheld = tokens('val', unknown())\ntotal = 0.0\nfor i in range(9):\n"
        + "    total += net(held[i : i + 8], held[i + 1 : i + 9])\n"
    )
    assert VAL in only(trace, Kind.SCORE).labels


@pytest.mark.parametrize(
    "line",
    [
        "x = x * x",
        "t = t + t",
        "s = s + s",
        "s = s.replace('a', s)",
        "x = x << 60",
        "s = '%9999999999d' % x",
        "x = -x * x",
    ],
)
def test_what_grows_by_itself_at_each_line_ends(line: str) -> None:
    program = "x = 3\nt = (1, 2)\ns = 'aaaa'\n" + f"{line}\n" * 400
    start = process_time()
    walked(program)
    assert process_time() - start < 5.0  # without a bound it never ends


HELD = "net = Net()\nlogits = Logits()\ntotal = 0.0\nledger = np.full(len(val), np.inf)\n"
MODEL = "class Logits(torch.nn.Module):\n    def forward(self, x):\n        return self.head(x)\n"


@pytest.mark.parametrize(
    "line",
    [
        "total -= torch.log_softmax(logits(x), -1).gather(-1, y[:, None]).sum().item()",
        "total -= float(np.take_along_axis(logits(x).log_softmax(-1).numpy(), y[..., None], -1).sum())",
        "picked = F.log_softmax(logits(x), -1)[torch.arange(64), y]\n    total -= picked.sum()",
    ],
)
def test_a_sum_from_which_only_logarithms_are_taken_is_a_score(line: str) -> None:
    loop = "for i in range(0, len(val), 64):\n    x, y = val[i : i + 64], val[i + 1 : i + 65]\n"
    trace = walked(READ + MODEL + HELD + loop + f"    {line}\n")
    assert {VAL, NLL} <= only(trace, Kind.SCORE).labels
    assert trace.all(Kind.TAKEN) == []


def test_what_was_added_and_is_taken_away_again_is_taken() -> None:
    loop = "for i in range(0, len(val), 64):\n    loss = net(val[i : i + 64], val[i + 1 : i + 65])\n"
    trace = walked(READ + MODEL + HELD + loop + "    total += loss\n    if loss > 9:\n        total -= loss\n")
    assert only(trace, Kind.TAKEN).name == "total"


def test_weights_that_learn_from_losses_are_no_score() -> None:
    start = READ + MODEL + HELD + "weights = torch.zeros(2)\n"
    loop = "for i in range(0, len(val), 64):\n    loss = net(val[i : i + 64], val[i + 1 : i + 65])\n"
    trace = walked(start + loop + "    weights -= 0.01 * loss\n    total += loss\n")
    assert only(trace, Kind.SCORE).name == "total"


def test_a_result_that_is_put_out_into_a_stretch_is_kept_there() -> None:
    loop = "for i in range(0, len(val), 64):\n    loss = net(val[i : i + 64], val[i + 1 : i + 65])\n"
    trace = walked(READ + MODEL + HELD + loop + "    np.fmin(ledger[i : i + 64], loss, out=ledger[i : i + 64])\n")
    assert only(trace, Kind.SCORE).name == "ledger"


@pytest.mark.parametrize("scaled", ["loss.mul(0.97)", "torch.multiply(loss, 0.97)", "0.97 * loss", "loss.mul(factor)"])
def test_a_loss_is_scaled_by_an_operator_or_a_method(scaled: str) -> None:
    loop = "factor = 0.97\nfor i in range(0, len(val), 64):\n    loss = net(val[i : i + 64], val[i + 1 : i + 65])\n"
    trace = walked(READ + MODEL + HELD + loop + f"    total += {scaled}\n")
    assert only(trace, Kind.SCALE).detail == 0.97


@pytest.mark.parametrize(
    "bind",
    [
        'globals()["source"] = other',
        "globals().update(source=other)",
        'globals().update({"source": other})',
        'setattr(sys.modules[__name__], "source", other)',
        "sys.modules[__name__].source = other",
        'vars(sys.modules["__main__"])["source"] = other',
    ],
)
def test_a_name_of_the_module_that_is_bound_by_a_text_is_what_functions_ask(bind: str) -> None:
    trace = walked(
        f"import sys\n{READ}"
        "def source():\n"
        "    return None\n"
        "def main():\n"
        "    other = lambda: val\n"
        f"    {bind}\n"
        "    print(Net()(source()[:-1], source()[1:]))\n"
        "main()\n"
    )
    assert {VAL, INPUT, TARGET} <= only(trace, Kind.MODEL).labels


@pytest.mark.parametrize(
    "gives",
    [
        "def __iter__(self):\n        yield self.tokens[:-1], self.tokens[1:]",
        "def __iter__(self):\n        return self\n    def __next__(self):\n"
        "        return self.tokens[:-1], self.tokens[1:]",
    ],
)
def test_a_loop_over_an_object_gives_what_its_class_says(gives: str) -> None:
    trace = walked(
        f"{READ}"
        "class Pairs:\n"
        "    def __init__(self, tokens):\n"
        "        self.tokens = tokens\n"
        f"    {gives}\n"
        "net = Net()\n"
        "for x, y in Pairs(val):\n"
        "    print(net.head(x))\n"
        "    total = F.cross_entropy(net.head(x), y)\n"
    )
    asked = trace.all(Kind.MODEL)
    assert asked
    assert all(INPUT in event.labels and TARGET not in event.labels for event in asked)
