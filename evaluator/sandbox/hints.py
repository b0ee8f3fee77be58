"""Why a sandbox does not come up on this machine, found in the kernel's settings, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

NO_NAMESPACES = ("namespace", "uid map", "Operation not permitted", "Permission denied")
SWITCHES = (
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "unprivileged user namespaces are off: sysctl kernel.unprivileged_userns_clone=1",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "user namespaces are off: sysctl user.max_user_namespaces=10000"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps user namespaces from bwrap: give it a profile with `userns,` or "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
CONTAINER = (
    "this looks like a container that forbids namespaces: start it with --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, or run the runner on the machine itself"
)
MARKS = ("/.dockerenv", "/run/.containerenv")


def missing(said: str, root: Path = Path("/")) -> Iterator[str]:
    """What the machine lacks, one sentence each, told by bubblewrap's complaint `said` and by the kernel."""
    if not any(word in said for word in NO_NAMESPACES):
        return
    found = False
    for name, wrong, sentence in SWITCHES:
        try:
            value = (root / name.lstrip("/")).read_text().strip()
        except OSError:
            continue
        if value == wrong:
            found = True
            yield sentence
    if not found and any((root / mark.lstrip("/")).exists() for mark in MARKS):
        yield CONTAINER
