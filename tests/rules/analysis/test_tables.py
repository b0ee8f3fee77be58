"""Look-ups in tables of the evaluated text, on small programs: what their keys are made of and what they reach."""

from __future__ import annotations

import textwrap
from typing import Any

from rules.analysis.flow.passes import filling_of
from rules.analysis.flow.tables import LookUp, lookups_of, taken_back
from rules.submission import Submission
from tests.rules.harness import submission_of

HEAD = """
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def forward(self, x): ...


val = torch.from_numpy(np.fromfile("data/fineweb_val_000000.bin", dtype=np.uint16))
model, tokens, loss_sum = Net(), val.numpy(), 0.0
counts, full = np.zeros(4096), np.zeros(4096)
"""


def program(body: str, **more: Any) -> Submission:
    """A submission whose script has this body after the head."""
    return submission_of({"files": {"train_gpt.py": HEAD + textwrap.dedent(body)}, **more})


def found(body: str) -> list[LookUp]:
    """Its look-ups, without those that stand for none."""
    return list(lookups_of(program(body)))


def test_a_key_with_the_token_that_follows_is_told_by_the_count_it_is_divided_by() -> None:
    one, two = found(
        """
        for start in range(0, len(val), 64):
            at = np.arange(start + 1, start + 65)
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            context = tokens[at - 1] * 31
            p = full[(context ^ tokens[at]) & 4095] / counts[context & 4095]
            loss_sum += -np.log(np.exp(-nll) + p)
            np.add.at(counts, context & 4095, 1)
            np.add.at(full, (context ^ tokens[at]) & 4095, 1)
        """
    )
    assert (one.joint, one.paired, one.counted) == (True, True, True)
    assert (two.target, two.paired, two.counted) == (False, False, True)


def test_two_tokens_of_context_are_no_target() -> None:
    longer, _ = found(
        """
        for start in range(0, len(val), 64):
            at = np.arange(start + 1, start + 65)
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            p = full[(tokens[at - 1] ^ tokens[at - 2]) & 4095] / counts[tokens[at - 1] & 4095]
            loss_sum += -np.log(np.exp(-nll) + p)
            np.add.at(full, tokens[at - 1] & 4095, 1)
        """
    )
    assert (longer.target, longer.paired) == (False, False)


def test_one_index_for_each_dimension_is_no_joint_key() -> None:
    (one,) = found(
        """
        pairs = np.zeros((1024, 1024))
        for start in range(0, len(val), 64):
            x, y = val[start : start + 64], val[start + 1 : start + 65]
            nll = F.cross_entropy(model(x), y).numpy()
            loss_sum += -np.log(np.exp(-nll) + pairs[x.numpy(), y.numpy()])
            np.add.at(pairs, (x.numpy(), y.numpy()), 1)
        """
    )
    assert one.target
    assert not one.joint


def test_counts_of_a_batch_that_are_added_to_a_table_are_changes_of_it() -> None:
    (one,) = found(
        """
        for start in range(0, len(val), 64):
            key = tokens[start : start + 64] & 4095
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            loss_sum += -np.log(np.exp(-nll) + counts[key])
            counts += np.bincount(key, minlength=4096)
        """
    )
    assert one.counted


def test_a_look_up_that_only_counts_one_more_reaches_no_score() -> None:
    read = found(
        """
        seen = {}


        def update(chunk):
            for token in chunk.tolist():
                row = seen.setdefault(token, {})
                row[token] = row.get(token, 0) + 1


        def chance(token):
            return seen[token][token]


        for start in range(0, len(val), 64):
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            loss_sum += -np.log(np.exp(-nll) + chance(val[start]))
            update(val[start : start + 64])
        """
    )
    assert {one.read.function for one in read} == {"chance"}


def test_a_table_filled_before_the_same_turn_is_scored_stays_open() -> None:
    (one,) = found(
        """
        for start in range(0, len(val), 64):
            key = tokens[start : start + 64] & 4095
            np.add.at(counts, key, 1)
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            loss_sum += -np.log(np.exp(-nll) + counts[key])
        """
    )
    filling = filling_of(one)
    assert filling is not None
    assert filling.open == "which tokens it writes"


def test_a_turn_that_is_left_after_filling_does_not_score_what_it_filled() -> None:
    (one,) = found(
        """
        for start in range(0, len(val), 64):
            key = tokens[start : start + 64] & 4095
            if start % 128:
                np.add.at(counts, key, 1)
                continue
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65]).numpy()
            loss_sum += -np.log(np.exp(-nll) + counts[key])
        """
    )
    assert filling_of(one) is None


def test_a_log_probability_taken_from_a_sum_scores_and_a_loss_is_taken_back() -> None:
    plain = """
        for start in range(0, len(val), 64):
            nll = F.cross_entropy(model(val[start : start + 64]), val[start + 1 : start + 65])
            loss_sum -= torch.log(torch.exp(-nll))
        """
    again = plain + "    loss_sum -= nll\n            loss_sum += nll\n"
    assert taken_back(program(plain)) is None
    back = taken_back(program(again))
    assert back is not None
    assert back.name == "loss_sum"
