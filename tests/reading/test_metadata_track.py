"""The many spellings of a track."""

from __future__ import annotations

import pytest

from rules.reading.metadata import named_track, normalise_track

TRACKS = {"record": ("10min_16mb", "leaderboard"), "non-record": ("non_record_16mb", "unlimited_compute")}


@pytest.mark.parametrize(
    "text",
    ["10min_16mb", "track_10min_16mb", "10min-16mb", "10min-8xH100-16MB", "10 min / 16 MB", "record", "Leaderboard"],
)
def test_spellings_of_the_record_track(text: str) -> None:
    assert named_track(text, TRACKS) == "record"


@pytest.mark.parametrize(
    "text",
    ["non_record_16mb", "non-record-16mb", "track_non_record_16mb", "non-record-10min-16mb", "Non Record",
     "10min/16MB Notable Non-Record", "unlimited_compute", "non-record-unlimited-compute-16mb",
     "non_record_exploration", "non-record-1xH100-16mb"],
)  # fmt: skip
def test_spellings_of_the_other_track(text: str) -> None:
    assert named_track(text, TRACKS) == "non-record"


@pytest.mark.parametrize("text", [None, "", "B", "some-objective", "16mb"])
def test_texts_that_name_no_track(text: str | None) -> None:
    assert named_track(text, TRACKS) is None


def test_normalising_keeps_words_alone_and_is_stable() -> None:
    assert normalise_track("track_Non_Record_16MB") == "non-record-16-mb"
    assert normalise_track(normalise_track("track_Non_Record_16MB")) == "non-record-16-mb"
