"""The default branch's history: which commits it holds, and which merge brought each of them in."""

from __future__ import annotations

from collections.abc import Callable

MAX_COMMITS = 500_000
MAX_OWN_COMMITS = 50_000

ParentsOf = Callable[[str], list[str]]


class History:
    """The commits that a branch tip reaches, each with the first-parent commit that brought it in.

    Built once, in time linear in the history. `parents_of` gives a commit's parents in order and raises KeyError where
    the repository lacks the commit: what lies behind such a commit is not known and counts as outside.
    """

    def __init__(self, tip: str, parents_of: ParentsOf) -> None:
        self._parents_of = parents_of
        self._brought_in_by: dict[str, str] = {}
        chain = self._first_parent_chain(tip)[::-1]
        self._place = {commit: place for place, commit in enumerate(chain)}
        for commit in chain:
            self._claim(commit)

    def __contains__(self, sha: str) -> bool:
        return sha in self._brought_in_by

    def merge_of(self, sha: str) -> str | None:
        """The merge commit of the first-parent line that brought `sha` in.

        None where the branch does not hold `sha`, and where `sha` lies on the first-parent line itself: that is the
        branch as it was at some time, not something that was merged.
        """
        merge = self._brought_in_by.get(sha)
        return None if merge == sha else merge

    def is_own(self, sha: str, head: str) -> bool:
        """Whether a commit that `head` reaches belongs to the pull request of `head`.

        What the branch holds does not, except for what came in by the very merge that brought `head` in.
        """
        merge = self._brought_in_by.get(sha)
        return merge is None or (merge != sha and merge == self.merge_of(head))

    def bases(self, head: str) -> list[str] | None:
        """The commits of the branch that the history of `head` starts from, the newest of the first-parent line only.

        One, as a rule; several where it also grew out of commits that other merges brought in; none where nothing is
        in common; None where the history is longer than is followed. Raises KeyError for a missing commit.
        """
        found: set[str] = set()
        seen, waiting = {head}, [head]
        while waiting:
            sha = waiting.pop()
            if not self.is_own(sha, head):
                found.add(sha)
                continue
            parents = [parent for parent in self._parents_of(sha) if parent not in seen]
            seen.update(parents)
            waiting.extend(parents)
            if len(seen) > MAX_OWN_COMMITS:
                return None
        on_line = sorted((sha for sha in found if sha in self._place), key=self._place.__getitem__)
        return [*on_line[-1:], *sorted(found.difference(on_line))]

    def _first_parent_chain(self, tip: str) -> list[str]:
        chain: dict[str, None] = {}
        current: str | None = tip
        while current is not None and len(chain) < MAX_COMMITS and current not in chain:
            chain[current] = None
            parents = self._parents_or_none(current)
            current = parents[0] if parents else None
        return list(chain)

    def _claim(self, merge: str) -> None:
        """Note everything that `merge` reaches and no earlier commit of the line did."""
        waiting = [merge]
        while waiting and len(self._brought_in_by) < MAX_COMMITS:
            sha = waiting.pop()
            if sha not in self._brought_in_by:
                self._brought_in_by[sha] = merge
                waiting.extend(self._parents_or_none(sha))

    def _parents_or_none(self, sha: str) -> list[str]:
        try:
            return self._parents_of(sha)
        except KeyError:
            return []
