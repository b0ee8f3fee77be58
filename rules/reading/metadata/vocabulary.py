"""The words that keys of submission.json are made of, by what they do to a key's meaning.

Keys are free: more than a thousand spellings occur, so what is listed here are words, never whole keys.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A number under such a word is another's, a difference or a spread: no claim of this submission.
NOT_A_CLAIM = _words(
    "baseline baselines base previous prior prev parent parents reference ref leaderboard sota frontier incumbent "
    "upstream original origin donor source competitor merged published pr prs vs versus beat beats "
    "delta deltas diff difference improvement improvements gain gains gap change reduction cost penalty noise "
    "std stdev stddev sd sem stderr se var variance ci confidence df uncertainty error spread range deviation "
    "threshold margin limit limits cap budget headroom remaining saved slack "
    "comparison control ablation ablations sweep sweeps superseded retracted discarded failed old draft "
    "estimated estimate projected projection expected planned pending attempted hypothetical sigma"
)

# A score under such a word is of a model that is not, or not yet, the one submitted.
UNFINISHED = _words(
    "pre prequant prettt ema raw diagnostic diagnostics unquantized float fp bf train training initial chunk running "
    "intermediate dev debug smoke target goal"
)

# Folders of keys that hold a submission's own figures.
CONTAINERS = _words(
    "result results metric metrics evaluation eval final summary seed seeds per by run runs validation val performance "
    "score scores submission metadata training train model artifact artifacts size sizes compliance statistics stats "
    "statistical significance aggregate confirmation measured measurement reproducibility reported official headline "
    "all record timing timings hardware system compute"
)

SETTINGS = _words("config configuration hyperparameters hyperparams settings args env environment")

# How far a word moves a figure from the headline; words that are not listed count `UNKNOWN_WORD`.
DISTANCE: dict[str, int] = {
    **dict.fromkeys(
        _words("val validation eval bpb bpbs bits byte loss losses nats final headline reported official"), 0
    ),
    **dict.fromkeys(
        _words("seed seeds per by of the two three five n s submission result score scores post legal window"), 0
    ),
    **dict.fromkeys(_words("bytes size artifact total model weights code script mb mib kb kib"), 0),
    **dict.fromkeys(_words("time seconds second sec secs ms minutes hours wallclock wall clock duration elapsed"), 0),
    **dict.fromkeys(_words("training train evaluation step steps stop completed world gpus gpu num tokens"), 0),
    **dict.fromkeys(_words("mean average avg"), 1),
    "exact": 2,
    "median": 2,
    "max": 3,
    "best": 3,
    "min": 4,
    **dict.fromkeys(_words("ttt adapted"), 4),
    **dict.fromkeys(_words("sliding sw stride"), 5),
    **dict.fromkeys(_words("roundtrip quantized quant int zlib zstd brotli lzma compressed"), 6),
}
UNKNOWN_WORD = 8
QUALIFYING = 4
STATISTICS = _words("mean average avg exact median max best min value total final seed seeds n s")

BPB_WORDS = frozenset({"bpb", "bpbs"})
LOSS_WORDS = frozenset({"loss", "losses"})
BYTES_UNITS: dict[str, float] = {
    **dict.fromkeys(("bytes", "byte", "b"), 1.0),
    "kb": 1e3,
    "kib": 1024.0,
    "mb": 1e6,
    "mib": 1024.0**2,
}
NO_ARTIFACT = _words("uncompressed unpacked raw memory peak gpu vram params source under over left")
TIME_UNITS: dict[str, float] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "milliseconds"), 1e-3),
    **dict.fromkeys(("minutes", "mins"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
}
TIME_WORDS = _words("time wallclock walltime wall duration elapsed runtime")
NO_DURATION = _words("step per iter iteration token warmup compile load queue reserve calibration gptq")
STEP_WORDS = _words(
    "step steps stop stopped train training completed total mean avg max min optimizer executed actual num n final "
    "count reached seed s"
)
DEVICE_WORDS = _words("num n number of gpus gpu count devices world size")
DEVICE_TEXT_WORDS = _words("gpu gpus hardware device devices config setup type machine")
SEED_WORDS = _words("seed random training train primary main")
SEED_LIST_WORDS = _words("seeds used tested completed random run reported list submitted evaluated train")
SPLIT_WORDS = _words("val validation eval target scored")
