"""The system calls that a job may not make, as a seccomp program.

Everything is allowed but what reaches beyond the job: other file systems, other processes' memory, kernel keys, eBPF,
io_uring, further namespaces, foreign socket families. Loopback stays: `torchrun` meets its workers there, and the
network namespace holds nothing else. `clone3` answers ENOSYS, so that the C library falls back to `clone`, whose flags
can be seen. A program for another architecture is killed.
"""

from __future__ import annotations

import errno
import functools
import os
import socket
from typing import Any

from evaluator.execution import UnavailableError

_NAMES = """
    mount umount umount2 pivot_root chroot fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr
    open_tree_attr statmount listmount unshare setns bpf perf_event_open userfaultfd keyctl add_key request_key
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    io_uring_setup io_uring_enter io_uring_register
    init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff quotactl quotactl_fd acct
    nfsservctl lookup_dcookie vhangup syslog _sysctl uselib ustat sysfs open_by_handle_at name_to_handle_at
    fanotify_init memfd_secret settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname
    iopl ioperm modify_ldt move_pages migrate_pages
"""
DENIED = frozenset(_NAMES.split())
YOUNG = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "statmount": 457,
    "listmount": 458,
    "open_tree_attr": 467,
}
"""Calls that an older libseccomp has no name for. They have one number on every architecture."""
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
NAMESPACES = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET
TERMINAL = (0x5412, 0x541C)  # TIOCSTI puts keys into a terminal, TIOCLINUX pastes into one
NETLINK_ROUTE = 0
WORD = 0xFFFFFFFF


@functools.cache
def program() -> bytes:
    """The filter in the kernel's form. Raises UnavailableError where libseccomp is missing."""
    seccomp = library()
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    _deny_calls(seccomp, rules)
    _deny_sockets(seccomp, rules)
    _deny_namespaces(seccomp, rules)
    for request in TERMINAL:
        compared = seccomp.Arg(1, seccomp.MASKED_EQ, WORD, request)
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "ioctl", compared)
    return _exported(rules)


def library() -> Any:
    """The module `pyseccomp`. Raises UnavailableError."""
    try:
        import pyseccomp
    except ImportError:
        raise UnavailableError("the Python package pyseccomp is missing: pip install 'fairway[gpu]'") from None
    except RuntimeError:
        raise UnavailableError("the library libseccomp is missing: apt-get install libseccomp2") from None
    return pyseccomp


def _deny_calls(seccomp: Any, rules: Any) -> None:
    for name in sorted(DENIED):
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        if number < 0:  # not known, or not on this architecture
            number = YOUNG.get(name, -1)
        if number >= 0:
            rules.add_rule(seccomp.ERRNO(errno.EPERM), number)


def _deny_sockets(seccomp: Any, rules: Any) -> None:
    """All families but local ones and the internet's, which here is loopback; of netlink the list of interfaces."""
    refuse = seccomp.ERRNO(errno.EPERM)
    for call in ("socket", "socketpair"):
        for family in range(max(FAMILIES) + 1):
            if family not in FAMILIES:
                rules.add_rule(refuse, call, seccomp.Arg(0, seccomp.EQ, family))
        rules.add_rule(refuse, call, seccomp.Arg(0, seccomp.GT, socket.AF_NETLINK))
        for family in range(max(FAMILIES) + 1, socket.AF_NETLINK):
            rules.add_rule(refuse, call, seccomp.Arg(0, seccomp.EQ, family))
        other = seccomp.Arg(2, seccomp.NE, NETLINK_ROUTE)
        rules.add_rule(refuse, call, seccomp.Arg(0, seccomp.EQ, socket.AF_NETLINK), other)


def _deny_namespaces(seccomp: Any, rules: Any) -> None:
    """Flag by flag: a filter cannot ask whether any bit of several is set."""
    for bit in (1 << place for place in range(32) if NAMESPACES & 1 << place):
        rules.add_rule(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, bit, bit))
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")


def _exported(rules: Any) -> bytes:
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
