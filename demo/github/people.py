"""What people do at GitHub: each act changes the state and sends the webhooks that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demo.github import events, gitdata, threads
from demo.github.state import GitHubState
from demo.github.values import (
    Account,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    Issue,
    PullRequest,
    Repository,
)


class People:
    """Acts by login. Safe to call from any thread."""

    def __init__(self, state: GitHubState) -> None:
        self._state = state

    def install(self, login: str, repositories: Iterable[Repository], *, selection: str = "selected") -> Installation:
        """Install the App on an account, for some of its repositories."""
        state = self._state
        with state.lock:
            chosen = list(repositories)
            account, covered = chosen[0].owner, {repository.id for repository in chosen}
            made = Installation(next(state.ids), account, dict(state.app.permissions), covered, selection, state.now())
            state.installations[made.id] = made
            events.installation(state, made, "created", state.account(login))
        return made

    def uninstall(self, login: str, installation: Installation) -> None:
        """Remove the App; its tokens are worth nothing any more."""
        with self._state.lock:
            del self._state.installations[installation.id]
            events.installation(self._state, installation, "deleted", self._state.account(login))

    def suspend(self, login: str, installation: Installation, *, asleep: bool = True) -> None:
        """Suspend the App, or wake it."""
        with self._state.lock:
            installation.suspended_at = self._state.now() if asleep else None
            action = "suspend" if asleep else "unsuspend"
            events.installation(self._state, installation, action, self._state.account(login))

    def cover(self, login: str, installation: Installation, repository: Repository, *, covered: bool = True) -> None:
        """Add a repository to an installation, or take it out."""
        with self._state.lock:
            change = installation.repository_ids.add if covered else installation.repository_ids.discard
            change(repository.id)
            action, sender = "added" if covered else "removed", self._state.account(login)
            events.installation_repositories(self._state, installation, action, [repository], sender)

    def ping(self) -> None:
        """Press the button that tries the webhook."""
        with self._state.lock:
            events.ping(self._state)

    def open_pull_request(
        self,
        repository: Repository,
        login: str,
        head_sha: str,
        title: str,
        body: str | None = None,
        *,
        head_ref: str = "submission",
        base_ref: str | None = None,
        from_fork: bool = True,
        draft: bool = False,
        number: int | None = None,
    ) -> PullRequest:
        """Offer a commit that is in the repository; `number` may ask for a higher number than the next one.

        Where the base branch holds the commit already, it is offered to the branch as it was before.
        """
        state = self._state
        with state.lock:
            author, base_ref = state.account(login), base_ref or repository.default_branch
            tip = gitdata.commit_at(repository.git, base_ref)
            if tip is None:
                raise ValueError(f"there is no branch {base_ref}")
            base = gitdata.before_merge(repository.git, tip, head_sha)
            repository.next_number = max(repository.next_number, number or 0)
            threads.check_text("PullRequest", title, body)
            issue = threads.number_issue(state, repository, author, title, body)
            fork = author if from_fork else repository.owner
            made = PullRequest(next(state.ids), issue, head_sha, head_ref, str(base.id), base_ref, fork, draft)
            repository.pulls[made.number] = made
            gitdata.point(repository.git, f"refs/pull/{made.number}/head", head_sha)
            events.pull_request(state, repository, made, "opened", author)
        return made

    def push(self, repository: Repository, pull: PullRequest, head_sha: str, login: str | None = None) -> None:
        """Push to a pull request's branch, by force if the commit does not follow the head."""
        with self._state.lock:
            before, pull.head_sha = pull.head_sha, head_sha
            gitdata.point(repository.git, f"refs/pull/{pull.number}/head", head_sha)
            self._changed(repository, pull, "synchronize", login, before=before, after=head_sha)

    def close(self, repository: Repository, pull: PullRequest, login: str | None = None) -> None:
        """Close a pull request without merging it."""
        with self._state.lock:
            threads.set_open(self._state, repository, pull.issue, is_open=False)
            self._changed(repository, pull, "closed", login)

    def reopen(self, repository: Repository, pull: PullRequest, login: str | None = None) -> None:
        """Open a closed pull request again."""
        with self._state.lock:
            threads.set_open(self._state, repository, pull.issue, is_open=True)
            self._changed(repository, pull, "reopened", login)

    def merge(self, repository: Repository, pull: PullRequest, login: str) -> str:
        """Bring what the pull request changes to the base branch, as one commit; its hash."""
        with self._state.lock:
            git, now = repository.git, self._state.now()
            base = gitdata.commit_at(git, pull.base_ref)
            assert base is not None  # it was there when the pull request was opened
            changed = gitdata.changes(git, pull.base_sha, pull.head_sha)
            files: dict[str, bytes | None] = {c.previous: None for c in changed if c.previous is not None}
            files |= {c.path: None if c.status == "removed" else gitdata.content(git, c.sha) for c in changed}
            message = f"Merge pull request #{pull.number}\n"
            sha = gitdata.write_commit(git, files, parent=str(base.id), author=login, when=now, message=message)
            gitdata.point(git, f"refs/heads/{pull.base_ref}", sha)
            threads.set_open(self._state, repository, pull.issue, is_open=False)
            pull.merged_at, pull.merge_commit_sha = now, sha
            self._changed(repository, pull, "closed", login)
            events.push(self._state, repository, pull.base_ref, str(base.id), sha, self._state.account(login))
        return sha

    def set_draft(self, repository: Repository, pull: PullRequest, *, draft: bool, login: str | None = None) -> None:
        """Take a pull request back into work, or say that it is ready."""
        with self._state.lock:
            pull.draft = draft
            self._changed(repository, pull, "converted_to_draft" if draft else "ready_for_review", login)

    def retitle(self, repository: Repository, pull: PullRequest, title: str, login: str | None = None) -> None:
        """Give a pull request another title."""
        with self._state.lock:
            threads.check_text("PullRequest", title, None)
            before, pull.issue.title = pull.issue.title, title
            self._changed(repository, pull, "edited", login, changes={"title": {"from": before}})

    def lose_fork(self, pull: PullRequest) -> None:
        """Delete the repository that a pull request comes from; no webhook tells of it."""
        with self._state.lock:
            pull.fork = None

    def comment(self, repository: Repository, number: int, login: str, body: str) -> Comment:
        """Write below an issue or a pull request."""
        with self._state.lock:
            return threads.add_comment(self._state, repository, number, self._state.account(login), body)

    def edit_comment(self, comment: Comment, body: str, login: str | None = None) -> None:
        """Change a comment; its author does, or somebody who may write."""
        with self._state.lock:
            threads.edit_comment(self._state, comment, body, self._state.account(login or comment.author.login))

    def delete_comment(self, comment: Comment, login: str | None = None) -> None:
        """Take a comment away."""
        with self._state.lock:
            threads.delete_comment(self._state, comment, self._state.account(login or comment.author.login))

    def label(self, repository: Repository, number: int, login: str, *names: str) -> None:
        """Put labels on an issue or a pull request."""
        with self._state.lock:
            issue, sender = repository.issues[number], self._state.account(login)
            threads.add_labels(self._state, repository, issue, names, sender)

    def unlabel(self, repository: Repository, number: int, login: str, name: str) -> None:
        """Take a label off."""
        with self._state.lock:
            issue, sender = repository.issues[number], self._state.account(login)
            threads.remove_label(self._state, repository, issue, name, sender)

    def open_issue(self, repository: Repository, login: str, title: str, body: str | None = None) -> Issue:
        """Open an issue that is no pull request."""
        with self._state.lock:
            return threads.open_issue(self._state, repository, self._state.account(login), title, body)

    def rerun(self, run: CheckRun, login: str) -> None:
        """Press "Re-run" at a check run."""
        with self._state.lock:
            events.check_run(self._state, run, "rerequested", self._state.account(login))

    def rerun_all(self, suite: CheckSuite, login: str) -> None:
        """Press "Re-run all checks" at a commit."""
        with self._state.lock:
            events.check_suite(self._state, suite, "rerequested", self._state.account(login))

    def press(self, run: CheckRun, identifier: str, login: str) -> None:
        """Press one of a check run's own buttons."""
        with self._state.lock:
            if identifier not in [action["identifier"] for action in run.actions]:
                raise ValueError(f"the check run has no button {identifier}")
            chosen = {"identifier": identifier}
            sender = self._state.account(login)
            events.check_run(self._state, run, "requested_action", sender, requested_action=chosen)

    def push_branch(
        self, repository: Repository, login: str, files: Mapping[str, bytes | None], *, branch: str | None = None
    ) -> str:
        """Commit files (None: remove) to a branch, the default one if none is named; the commit's hash."""
        state, branch = self._state, branch or repository.default_branch
        with state.lock:
            tip = gitdata.commit_at(repository.git, branch)
            before = None if tip is None else str(tip.id)
            sha = gitdata.write_commit(repository.git, files, parent=before, author=login, when=state.now())
            gitdata.point(repository.git, f"refs/heads/{branch}", sha)
            events.push(state, repository, branch, before or gitdata.NONE, sha, state.account(login))
        return sha

    def commit(
        self, repository: Repository, login: str, files: Mapping[str, bytes | None], *, parent: str | None = None
    ) -> str:
        """A commit on top of the default branch or of a parent, for a pull request; no webhook tells of it."""
        with self._state.lock:
            tip = gitdata.commit_at(repository.git, repository.default_branch)
            below = parent or (None if tip is None else str(tip.id))
            return gitdata.write_commit(repository.git, files, parent=below, author=login, when=self._state.now())

    def grant(self, repository: Repository, login: str, role: str) -> None:
        """Let somebody do more or less in a repository."""
        with self._state.lock:
            repository.collaborators[self._state.account(login).id] = role

    def rename(self, login: str, new: str) -> Account:
        """Give an account another login; its number stays, and the old login is free for anybody."""
        with self._state.lock:
            account = self._state.accounts.pop(login.lower())
            account.login = new
            self._state.accounts[new.lower()] = account
        return account

    def _changed(
        self, repository: Repository, pull: PullRequest, action: str, login: str | None, **more: object
    ) -> None:
        pull.issue.updated_at = self._state.now()
        sender = self._state.account(login) if login else pull.issue.author
        events.pull_request(self._state, repository, pull, action, sender, **more)
