"""List the members of a zip or tar archive held in memory, bounded in count and bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile

from rules.reading.source import inflate
from rules.reading.source.values import VALUE_LIMIT, Budget, ExhaustedError

MEMBER_LIMIT = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_MAGIC = (
    (b"\x1f\x8b", inflate.inflate_gzip),
    (b"BZh", inflate.inflate_bz2),
    (b"\xfd7zXZ", inflate.inflate_lzma),
    (b"(\xb5/\xfd", inflate.inflate_zstd),
)


def zip_members(data: bytes, budget: Budget) -> dict[str, bytes]:
    """The files of a zip archive, which may stand behind other bytes. Raises ValueError for what is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            _check_count(len(infos))
            return {info.filename: _zip_member(archive, info, budget) for info in infos}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"no zip archive: {error}") from error


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> bytes:
    if info.compress_type not in _METHODS:
        raise ValueError("a method of compression that is not read")
    limit = min(VALUE_LIMIT, budget.size)
    with archive.open(info) as member:
        content = member.read(limit + 1)
    budget.spend(len(content))
    return content


def tar_members(data: bytes, budget: Budget) -> dict[str, bytes]:
    """The regular files of a tar archive, compressed or not. Raises ValueError for what is none."""
    for magic, function in _MAGIC:
        if data.startswith(magic):
            data = function(data, min(VALUE_LIMIT, budget.size))
            budget.spend(len(data))
            break
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, info in enumerate(archive):
                _check_count(count)
                member = archive.extractfile(info) if info.isreg() and info.sparse is None else None
                if member is not None:
                    found[info.name] = member.read(VALUE_LIMIT + 1)
                    budget.spend(len(found[info.name]))
    except (tarfile.TarError, EOFError, OSError, OverflowError, RecursionError) as error:
        raise ValueError(f"no tar archive: {error}") from error
    return found


def _check_count(count: int) -> None:
    if count > MEMBER_LIMIT:
        raise ExhaustedError(f"more than {MEMBER_LIMIT} files in an archive")
