"""Trees, blobs, commits and contents of a repository."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Annotated
from urllib.parse import quote

import pygit2
from fastapi import APIRouter, Depends
from pygit2.enums import FileMode
from starlette.responses import Response

from demo.github import gitdata
from demo.github.access import Within, reads
from demo.github.answers import ApiError, answer, not_found, page
from demo.github.gitdata import Entry
from demo.github.shapes import pulls
from demo.github.shapes.repositories import api_url, web_url
from demo.github.values import Json

MOST_BLOB, MOST_INLINE = 100 * 1024 * 1024, 1024 * 1024
RAW_TYPE = "application/vnd.github.raw+json; charset=utf-8"
_SHA = re.compile(r"[0-9a-f]{40}")

router = APIRouter()
Reading = Annotated[Within, Depends(reads("contents"))]


@router.get("/repos/{owner}/{repo}/git/trees/{name:path}")
async def tree(on: Reading, name: str) -> Response:
    """A tree by its own hash, or that of a commit or branch; cut off where it is too large."""
    git = on.repository.git
    found = gitdata.object_at(git, name) if _SHA.fullmatch(name) else gitdata.commit_at(git, name)
    try:
        root = None if found is None else found.peel(pygit2.Tree)
    except (pygit2.InvalidSpecError, pygit2.GitError):
        root = None
    if root is None:
        raise not_found()
    limit, api = on.state.tree_limit, api_url(on.state, on.repository)
    all_entries = gitdata.entries(git, root, recursive="recursive" in on.query)
    shapes = [_entry(api, entry) for entry, _ in zip(all_entries, range(limit), strict=False)]
    truncated = next(all_entries, None) is not None
    body = {"sha": str(root.id), "url": f"{api}/git/trees/{root.id}", "tree": shapes, "truncated": truncated}
    return answer(body)


@router.get("/repos/{owner}/{repo}/git/blobs/{sha}")
async def blob(on: Reading, sha: str) -> Response:
    """The content of a blob, in base64 or raw."""
    if not _SHA.fullmatch(sha):
        raise ApiError(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    found = gitdata.object_at(on.repository.git, sha)
    if not isinstance(found, pygit2.Blob):
        raise not_found()
    if found.size > MOST_BLOB:
        raise ApiError(403, "This API returns blobs up to 100 MB in size.")
    if on.accepts("raw"):
        return Response(found.data, media_type=RAW_TYPE)
    body = {
        "sha": sha,
        "node_id": f"B_{sha[:20]}",
        "size": found.size,
        "url": f"{api_url(on.state, on.repository)}/git/blobs/{sha}",
        "content": _base64(found.data),
        "encoding": "base64",
    }
    return answer(body)


@router.get("/repos/{owner}/{repo}/git/commits/{sha}")
async def git_commit(on: Reading, sha: str) -> Response:
    """A commit as git has it."""
    found = gitdata.object_at(on.repository.git, sha) if _SHA.fullmatch(sha) else None
    if not isinstance(found, pygit2.Commit):
        raise not_found()
    return answer(pulls.git_commit(on.state, on.repository, found))


@router.get("/repos/{owner}/{repo}/commits")
async def history(on: Reading) -> Response:
    """The commits of a branch, newest first."""
    name = on.query.get("sha", on.repository.default_branch)
    start = gitdata.commit_at(on.repository.git, name)
    if start is None:
        raise not_found()
    items, link = page(gitdata.history(on.repository.git, str(start.id)), on.query, on.url)
    return answer([pulls.commit(on.state, on.repository, made) for made in items], headers=link)


@router.get("/repos/{owner}/{repo}/commits/{name:path}")
async def commit(on: Reading, name: str) -> Response:
    """A commit by hash or branch, with what it changes."""
    git = on.repository.git
    found = gitdata.commit_at(git, name)
    if found is None:
        raise ApiError(422, f"No commit found for SHA: {name}")
    if on.accepts("sha"):
        return Response(str(found.id), media_type="application/vnd.github.sha; charset=utf-8")
    sha = str(found.id)
    changes = gitdata.changes(git, str(found.parent_ids[0]), sha) if found.parent_ids else ()
    added, removed = sum(one.additions for one in changes), sum(one.deletions for one in changes)
    shape = {
        **pulls.commit(on.state, on.repository, found),
        "stats": {"total": added + removed, "additions": added, "deletions": removed},
        "files": [pulls.changed_file(on.state, on.repository, sha, change) for change in changes],
    }
    return answer(shape)


@router.get("/repos/{owner}/{repo}/contents/{path:path}")
async def contents(on: Reading, path: str) -> Response:
    """A file or a folder at a branch or commit."""
    ref = on.query.get("ref", on.repository.default_branch)
    start = gitdata.commit_at(on.repository.git, ref)
    if start is None:
        raise ApiError(404, f"No commit found for the ref {ref}")
    found = gitdata.at_path(start, path.strip("/"))
    if isinstance(found, pygit2.Tree):
        prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        listed = gitdata.entries(on.repository.git, found, recursive=False, prefix=prefix)
        return answer([_content(on, ref, entry) for entry in listed])
    if not isinstance(found, pygit2.Blob):
        raise not_found()
    return _file(on, ref, path.strip("/"), found)


def _file(on: Within, ref: str, path: str, found: pygit2.Blob) -> Response:
    """One file: in base64 up to 1 MB, raw up to 100 MB."""
    if found.size > MOST_BLOB:
        raise ApiError(403, "This API returns blobs up to 100 MB in size.")
    if on.accepts("raw"):
        return Response(found.data, media_type=RAW_TYPE)
    shape = _content(on, ref, Entry(path, int(found.filemode), "blob", str(found.id), found.size))
    if found.filemode == FileMode.LINK:
        return answer({**shape, "target": found.data.decode("utf-8", "replace")})
    inline = found.size <= MOST_INLINE
    encoded = {"content": _base64(found.data) if inline else "", "encoding": "base64" if inline else "none"}
    return answer({**shape, **encoded})


def _entry(api: str, entry: Entry) -> Json:
    kinds = {"blob": "blobs", "tree": "trees", "commit": "commits"}
    shape: Json = {"path": entry.path, "mode": f"{entry.mode:06o}", "type": entry.kind, "sha": entry.sha}
    if entry.size is not None:
        shape["size"] = entry.size
    if entry.kind != "commit":
        shape["url"] = f"{api}/git/{kinds[entry.kind]}/{entry.sha}"
    return shape


def _content(on: Within, ref: str, entry: Entry) -> Json:
    """A file, link, folder or submodule as `contents` lists it."""
    api, web, path = api_url(on.state, on.repository), web_url(on.state, on.repository), quote(entry.path)
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.kind, "symlink" if entry.mode == FileMode.LINK else "file")
    below = "trees" if kind == "dir" else "blobs"
    own, page_url = f"{api}/contents/{path}?ref={quote(ref)}", f"{web}/blob/{quote(ref)}/{path}"
    raw = None if kind == "dir" else f"{web}/raw/{quote(ref)}/{path}"
    git_url = f"{api}/git/{below}/{entry.sha}"
    return {
        "name": entry.path.rsplit("/", 1)[-1],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": own,
        "html_url": page_url,
        "git_url": git_url,
        "download_url": raw,
        "type": kind,
        "_links": {"self": own, "git": git_url, "html": page_url},
    }


def _base64(data: bytes) -> str:
    """Base64 in lines of 60 characters, as GitHub writes it."""
    text = b64encode(data).decode()
    return "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))
