"""Carry out what people ask for: commands in a comment, a button, or GitHub's "Re-run" at a check."""

from __future__ import annotations

from worker.commands import comments, presses
from worker.commands.asked import Again, InComment, Press, parse
from worker.pipeline import Context
from worker.store.jobs import Lease


def run(context: Context, lease: Lease) -> None:
    """Do what the lease's subject names, with the permission that whoever asks for it has now."""
    match parse(lease.subject):
        case InComment(repository_id, comment_id):
            comments.run(context, lease, repository_id, comment_id)
        case Again() as asked:
            presses.again(context, lease, asked)
        case Press() as asked:
            presses.press(context, lease, asked)
