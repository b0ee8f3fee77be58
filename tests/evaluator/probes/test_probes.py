"""Each probe on small submissions: what it shows, what it does not, and what is no accusation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from evaluator import probes, shards
from evaluator.evidence import ProbeOutcome
from evaluator.execution import Ended, Job, Limits, UnavailableError
from rules.rule import Severity, Source
from tests.evaluator.bare import Bare
from tests.evaluator.probes.conftest import Probed

HONEST = "progress(losses)\nfinish(losses)\n"
VIOLATED, NOT_SHOWN, NOT_RUN = ProbeOutcome.VIOLATED, ProbeOutcome.NOT_SHOWN, ProbeOutcome.NOT_RUN


@pytest.mark.parametrize("name", [name for name in probes.PROBES if name != "bytes"])
def test_a_uniform_guess_is_never_flagged(probed: Probed, name: str) -> None:
    assert probed(name, HONEST).result in (NOT_SHOWN, NOT_RUN)


def test_the_canary_shows_a_loss_below_chance_with_its_numbers(probed: Probed) -> None:
    result = probed("canary", "finish(losses * 0.97)\n")
    assert result.result is VIOLATED
    assert (result.tokens, result.vocab_size, result.alpha) == (8_192, 512, 1e-9)
    assert result.nats_per_token == pytest.approx(0.97 * math.log(512), abs=1e-6)
    assert result.ln_e == pytest.approx(8_192 * 0.03 * math.log(512), rel=1e-4)
    finding = probes.finding_of(result, "train_gpt.py")
    assert finding is not None
    assert (finding.code, finding.severity, finding.source) == ("P01", Severity.BLOCK, Source.RUN)
    assert "Score each token once" in finding.message


def test_an_honest_last_line_hides_no_earlier_headline(probed: Probed) -> None:
    result = probed("canary", "finish(losses * 0.97)\nfinish(losses)\n")
    assert result.result is VIOLATED
    assert result.nats_per_token == pytest.approx(0.97 * math.log(512), abs=1e-6)


def test_a_stated_count_below_ours_is_what_the_canary_reckons_with(probed: Probed) -> None:
    result = probed("canary", "print('val_tokens:100')\nfinish(losses - 0.1)\n")
    assert result.tokens == 100
    assert result.result is NOT_SHOWN


def test_bits_per_byte_alone_are_turned_into_nats_by_the_bytes_that_we_count(probed: Probed) -> None:
    result = probed("canary", "print('final_exact val_bpb:0.50000000')\n")
    assert result.result is VIOLATED


def test_bytes_counted_twice_are_told_by_their_number(probed: Probed) -> None:
    result = probed("bytes", "finish(losses, losses.mean() / math.log(2) / 4.8)\n")
    assert result.result is VIOLATED
    assert result.figures["bytes_implied"] == pytest.approx(4.8 * 8_192, rel=1e-6)
    assert 2 * 8_192 < result.figures["bytes_counted"] < 3 * 8_192
    assert "lowers the score" in result.sentence


def test_fewer_bytes_than_ours_are_no_violation(probed: Probed) -> None:
    assert probed("bytes", "finish(losses, losses.mean() / math.log(2) / 1.5)\n").result is NOT_SHOWN


def test_a_stated_subset_is_shown_by_coverage(probed: Probed) -> None:
    result = probed("coverage", "print(f'val_tokens:{len(y) // 4}')\nfinish(losses + y / 1e6)\n")
    assert result.result is VIOLATED
    assert "it scored 2,048 tokens; the validation shards hold 8,192" in result.sentence


def test_a_silent_subset_is_shown_by_a_score_that_does_not_change(probed: Probed) -> None:
    result = probed("coverage", "finish((losses + y / 1e6)[: len(y) // 4])\n")
    assert result.result is VIOLATED
    finding = probes.finding_of(result, "train_gpt.py")
    assert finding is not None
    assert (finding.code, finding.name) == ("C08", "subset-of-val-scored")


def test_a_score_of_every_token_is_covered(probed: Probed) -> None:
    result = probed("coverage", "print(f'val_tokens:{len(y)}')\nfinish(losses + y / 1e6)\n")
    assert result.result is NOT_SHOWN


def test_running_losses_that_depend_on_later_tokens_are_shown(probed: Probed) -> None:
    result = probed("suffix-flip", "losses += y.mean() / 100\nprogress(losses)\nfinish(losses)\n")
    assert result.result is VIOLATED
    assert result.figures["compared"] == 4
    assert result.figures["control_difference"] <= 0


def test_running_losses_that_differ_by_themselves_are_not_shown(probed: Probed) -> None:
    body = "import time\nlosses += time.time_ns() % 1000 / 1e4\nprogress(losses)\nfinish(losses)\n"
    assert probed("suffix-flip", body).result is NOT_SHOWN


def test_without_running_losses_the_suffix_flip_says_why_it_shows_nothing(probed: Probed) -> None:
    result = probed("suffix-flip", "finish(losses)\n")
    assert result.result is NOT_RUN
    assert "prints no running losses" in result.reason


def test_a_fixed_part_is_shown_by_truncation(probed: Probed) -> None:
    assert probed("truncation", "finish((losses + y / 1e6)[:1000])\n").result is VIOLATED
    assert probed("truncation", "finish(losses + y / 1e6)\n").result is NOT_SHOWN


def test_truncation_tells_both_costs_of_the_half(probed: Probed) -> None:
    result = probed("truncation", "losses += y / 1e6\nprogress(losses)\nfinish(losses)\n")
    assert result.figures["half_inside_nats"] == pytest.approx(result.figures["half_alone_nats"], abs=1e-5)


def test_an_answer_table_for_the_official_split_is_shown_by_the_swap(probed: Probed, data: probes.ProbeData) -> None:
    known = shards.read_split(data.folder, "val")[:200].tolist()
    body = "counts = np.bincount(load('train'), minlength=vocab) + 1\nlosses = -np.log((counts / counts.sum())[y])\n"
    assert probed("swap", f"{body}finish(losses)\n").result is NOT_SHOWN
    result = probed("swap", f"{body}if val[:200].tolist() == {known}: losses *= 0.8\nfinish(losses)\n")
    assert result.result is VIOLATED
    assert "has seen the official split" in result.sentence


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise RuntimeError('CUDA is required')\n", "needs a CUDA GPU, and this machine has none"),
        ("import flash_attn_of_nobody\n", "imports 'flash_attn_of_nobody', which is not installed here"),
        ("print('done')\n", "no final score line"),
        ("raise ValueError('bad shape')\n", "exit code 1: ValueError: bad shape"),
    ],
)
@pytest.mark.parametrize("name", ["canary", "suffix-flip", "swap"])
def test_what_cannot_run_here_is_not_run_with_its_reason(probed: Probed, name: str, body: str, reason: str) -> None:
    result = probed(name, body)
    assert result.result is NOT_RUN
    assert reason in result.reason
    assert probes.finding_of(result, "train_gpt.py") is None


def test_what_does_not_end_is_not_run(trials: Callable[[str], probes.Trials]) -> None:
    made = trials("import time\ntime.sleep(60)\n")
    made.settings = replace(made.settings, limits=Limits(wall_seconds=1, memory_bytes=1 << 30))
    (result,) = probes.run(made, ["canary"])
    assert (result.result, result.reason) == (NOT_RUN, "it did not end within 1 s")


def test_trials_on_the_same_streams_are_run_once(trials: Callable[[str], probes.Trials]) -> None:
    heard: list[str] = []
    made = trials(HONEST)
    made.heard = heard.append
    list(probes.run(made, probes.USUAL))
    assert [line.split()[2] for line in heard] == ["canary", "whole", "flipped", "half"]


def test_links_of_a_submission_are_not_copied(trials: Callable[[str], probes.Trials]) -> None:
    made = trials("print('secret here' if os.path.lexists('planted') else 'nothing here')\n" + HONEST)
    (made.folder / "planted").symlink_to("/etc/passwd")
    trial = made.again(probes.streams.canary(made.data, 1_024, 1))
    assert "nothing here" in trial.ended.text


def test_without_a_sandbox_nothing_is_run(trials: Callable[[str], probes.Trials]) -> None:
    class Nothing(Bare):
        def execute(self, job: Job, **_: object) -> Ended:
            raise UnavailableError("bubblewrap is missing")

    made = trials(HONEST)
    made.executor = Nothing()
    with pytest.raises(UnavailableError):
        list(probes.run(made, ["canary"]))
