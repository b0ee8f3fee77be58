"""Whatever a pull request holds, triage ends: without an exception, without `internal-error`, within bounds."""

from __future__ import annotations

import base64
import json
import lzma
import resource
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.competition import builtin
from rules.reading.assemble import read_submission
from rules.reading.folder import memory_files
from rules.report.markdown import render
from rules.screening import Triage, screen
from rules.submission import BaseKind, ChangedFile, PullRequest, Scope, Status
from tests.reading.repositories import TREE, Builder
from worker.relatives import Place, triage_beside_cited

FOLDER = "records/track_10min_16mb/2026-04-10_X"
MEBIBYTE = 1 << 20

NAMES = st.sampled_from(
    ["README.md", "submission.json", "train_gpt.py", "train.log", "seed42.log", "helper.py", "k.cu", "run.sh"]
) | st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=12)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["val_bpb", "seeds", "seed_results", "bytes_total", "42", "track", "author"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)

LOG_LINES = st.lists(
    st.sampled_from(
        [
            "step:100/20000 train_loss:2.1 train_time:1000ms step_avg:10ms",
            "final_int8_zlib_roundtrip_exact val_loss:1.9 val_bpb:1.12",
            "final val_loss:nan val_bpb:inf",
            "val_loss:1e400 val_bpb:-3",
            "Total submission size int8+zlib: 99999999999999999999999 bytes",
            "Total submission size: 15990000 bytes",
            "Serialized model int6+lzma: -5 bytes",
            "Code size: 0 bytes",
            "world_size:0 grad_accum_steps:0",
            "seed:999999999999999999999999",
            "stopping_early: wallclock_cap train_time: 601500ms step:0/0",
            "ngram_tilt:hints within_gate=5 word_gate=x agree2plus=",
            "val_loader:shards pattern=/d/fineweb_val_*.bin tokens:0",
            "train_loader:dataset:x train_shards:1499",
        ]
    )
    | st.text(max_size=60),
    max_size=25,
).map("\n".join)

SOURCES = st.lists(
    st.sampled_from(
        [
            "import os, lzma, base64",
            "exec(lzma.decompress(base64.b85decode('abc')))",
            "exec(open('helper.py').read())",
            "class X:\n    a = int(os.environ.get('A', 1))",
            "def f(x):\n    return f(x)",
            "def main():\n    main()\nmain()",
            "x = [i for i in range(10**9)]",
            "while True: pass",
            "import ctypes; ctypes.CDLL(None)",
            "f'{x!r:>{w}}'",
            "assert val_bpb < 16*1024*1024",
            "print(f'val_bpb:{v}')",
        ]
    )
    | st.text(max_size=60),
    max_size=12,
).map("\n".join)

CONTENTS = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))
    | JSON.map(lambda value: json.dumps(value).encode())
    | LOG_LINES.map(lambda text: text.encode("utf-8", "replace"))
    | LOG_LINES.map(lambda text: text.encode("utf-16", "replace"))
    | SOURCES.map(lambda text: text.encode("utf-8", "replace"))
    | SOURCES.map(
        lambda text: (
            b"exec(__import__('zlib').decompress("
            + repr(zlib.compress(text.encode("utf-8", "replace"))).encode()
            + b"))"
        )
    )
)


def triage(contents: dict[str, bytes], title: str = "x") -> Triage:
    files = memory_files({f"{FOLDER}/{name}": data for name, data in contents.items()})
    changed = tuple(ChangedFile(f.path, Status.ADDED, f.mode, f.content_id) for f in files)
    scope = Scope(folder=FOLDER, track="record", base=BaseKind.MERGE_BASE, changed=changed)
    submission = read_submission(PullRequest(1, "f" * 40, "a", title), scope, files, builtin())
    return screen(submission, builtin())


def faults(found: Triage) -> list[str]:
    return [finding.message for finding in found.findings if finding.name == "internal-error"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.dictionaries(NAMES, CONTENTS, max_size=6), st.text(max_size=40))
def test_no_file_tree_makes_triage_fail(contents: dict[str, bytes], title: str) -> None:
    found = triage(contents, title)
    assert faults(found) == []
    assert len(render(found, builtin(), None)) <= 60_000


def bomb(compress: Callable[[bytes], bytes], decoder: str) -> bytes:
    payload = base64.b85encode(compress(bytes(64 * MEBIBYTE))).decode()
    return f"import zlib, lzma, base64\nexec({decoder}(base64.b85decode({payload!r})))\n".encode()


def nested(layers: int) -> bytes:
    code = b"print('done')\n"
    for _ in range(layers):
        code = b"import zlib,base64\nexec(zlib.decompress(base64.b64decode(%r)))\n" % base64.b64encode(
            zlib.compress(code)
        )
    return code


HOSTILE: dict[str, Callable[[], dict[str, bytes]]] = {
    "a zlib bomb": lambda: {"train_gpt.py": bomb(zlib.compress, "zlib.decompress")},
    "an lzma bomb": lambda: {"train_gpt.py": bomb(lzma.compress, "lzma.decompress")},
    "a thousand layers of packing": lambda: {"train_gpt.py": nested(60)},
    "JSON nested a thousand deep": lambda: {"submission.json": b'{"a":' * 1000 + b"1" + b"}" * 1000},
    "JSON nested a hundred thousand deep": lambda: {"submission.json": b"[" * 100_000},
    "parentheses nested a thousand deep": lambda: {"train_gpt.py": b"x = " + b"(" * 1000 + b"1" + b")" * 1000},
    "a sum of fifty thousand terms": lambda: {"train_gpt.py": b"x = 1" + b"+1" * 50_000},
    "blocks nested a hundred deep": lambda: {
        "train_gpt.py": b"".join(b" " * i + b"if x:\n" for i in range(99)) + b" " * 99 + b"pass\n"
    },
    "a megabyte of short statements": lambda: {"train_gpt.py": b"x=1\n" * (MEBIBYTE // 4)},
    "a log line of ten megabytes": lambda: {"train.log": b"step:1/2 train_time:1ms val_bpb:" + b"1" * (10 * MEBIBYTE)},
    "a README of repeated brackets": lambda: {"README.md": b"[" * MEBIBYTE},
    "names with every odd character": lambda: {"a\nb.py": b"x", "c\u202ed.py": b"y", "e\\f": b"z", 'g"h `i`': b""},
    "a log of carriage returns": lambda: {"train.log": b"step:1/2 train_loss:1.0\r" * 100_000},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_triaged_within_bounds(name: str) -> None:
    started = time.process_time()
    found = triage(HOSTILE[name]())
    assert faults(found) == []
    assert time.process_time() - started < 60, "a limit must end this, not patience"


def test_a_log_of_200_megabytes_is_read_at_its_ends() -> None:
    line = b"step:100/20000 train_loss:2.1 train_time:1000ms step_avg:10ms\n"
    last = b"final_int8_zlib_roundtrip_exact val_loss:1.9 val_bpb:1.12345678\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = line * (200_000_000 // len(line)) + last
    found = triage({"train.log": data})
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert faults(found) == []
    assert [s.val_bpb for log in found.submission.logs for s in log.final_scores] == [1.12345678]
    assert any(f.code == "R03" and f.location and f.location.path.endswith("train.log") for f in found.findings)
    assert grown_mib < 1024, "the log itself and no multiple of it"


def test_a_hundred_thousand_files_are_too_many_and_said_to_be(tmp_path: Path) -> None:
    builder = Builder(tmp_path)
    base = builder.commit({"README.md": "# x"}, branch="refs/heads/main")
    blob = bytes.fromhex(builder.blob(b"x"))
    many = builder.raw_tree(b"".join(b"100644 %06d.txt\x00" % number + blob for number in range(100_000)))
    folder = {"2026-04-10_X": {"train_gpt.py": "pass", "many": (TREE, many)}}
    head = builder.commit({"README.md": "# x", "records": {"track_10min_16mb": folder}}, [base])
    builder.pull(1, head)
    found = triage_beside_cited(Place(str(tmp_path), builtin()), 1).triage
    assert faults(found) == []
    assert any(f.code == "R03" for f in found.findings)
