"""The tables. Identifiers of GitHub are its numbers, since names and logins change; ours are UUIDs."""

from worker.store.models.base import Base
from worker.store.models.github import Installation, PullRequestRow, Repository
from worker.store.models.rulings import Happening, Inheritance, PrecedentRow, Ruling
from worker.store.models.runs import Budget, EvidenceRow, Machine, Run
from worker.store.models.submissions import (
    BaselineCode,
    FindingRow,
    FirstFile,
    FirstFolder,
    Review,
    ScriptSignature,
    SubmissionCode,
    SubmissionRow,
)
from worker.store.models.words import DeliveryStatus, Outcome, RunStatus, Stage
from worker.store.models.work import AuditEvent, CommandRow, Delivery, Job, Publication

__all__ = [
    "AuditEvent",
    "Base",
    "BaselineCode",
    "Budget",
    "CommandRow",
    "Delivery",
    "DeliveryStatus",
    "EvidenceRow",
    "FindingRow",
    "FirstFile",
    "FirstFolder",
    "Happening",
    "Inheritance",
    "Installation",
    "Job",
    "Machine",
    "Outcome",
    "PrecedentRow",
    "Publication",
    "PullRequestRow",
    "Repository",
    "Review",
    "Ruling",
    "Run",
    "RunStatus",
    "ScriptSignature",
    "Stage",
    "SubmissionCode",
    "SubmissionRow",
]
