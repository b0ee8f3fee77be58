"""What the self-test tries inside the sandbox to reach what is outside: run there by path, with the standard library.

Each attack yields what it got through with. What is to be got at (a secret's path, a port of the host) is told in the
environment. `evaluator.sandbox.exhaustion` holds those on limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MEGABYTE = 1 << 20
TIOCSTI = 0x5412
CLONE_NEWUSER = 0x10000000
KERNEL_CALLS = {  # numbers by architecture: x86-64, aarch64
    "ptrace": (101, 117),
    "mount": (165, 40),
    "init_module": (175, 105),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
}
NAMES_ONLY = ("unshare", "setns")


def network() -> Iterator[str]:
    """Reach anything beyond loopback."""
    for address in (("1.1.1.1", 443), ("8.8.8.8", 53), ("169.254.169.254", 80), ("10.0.0.1", 22)):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as line:
                line.settimeout(1)
                line.connect(address)
                yield f"a connection to {address[0]}"
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        yield f"interfaces besides loopback: {', '.join(others)}"


def host_sockets() -> Iterator[str]:
    """Reach a server of the host by its loopback address or by an abstract name."""
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", int(os.environ["HOST_PORT"])), timeout=1).close()
        yield "a server on the host's loopback"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.connect("\0" + os.environ["HOST_SOCKET"])
        yield "an abstract socket of the host"
    for path in ("/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            yield path


def odd_sockets() -> Iterator[str]:
    """Open sockets of families that know no namespace, or that reach the kernel."""
    families = {"AF_PACKET": 17, "AF_ALG": 38, "AF_VSOCK": 40, "AF_BLUETOOTH": 31, "AF_XDP": 44, "AF_KEY": 15}
    for name, family in families.items():
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_RAW | 0):
            yield name
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM):
            yield name
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        yield "a raw socket"
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12):
        yield "netlink beside the list of interfaces"


def loopback() -> Iterator[str]:
    """No attack: workers of one program must meet here."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError as error:
        yield f"loopback does not work: {error}"


def secrets() -> Iterator[str]:
    """Read a file of the host."""
    secret = os.environ["HOST_SECRET"]
    ways = [secret, *(f"/proc/{pid}/root{secret}" for pid in (1, 2, "self")), "/etc/shadow", "/root/.ssh/id_rsa"]
    for path in ways:
        with contextlib.suppress(OSError):
            Path(path).read_bytes()
            yield path


def outside() -> Iterator[str]:
    """Write where the job has no business."""
    folders = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/lib", "/sys", sys.prefix, os.environ["HOST_FOLDER"]]
    for folder in folders:
        with contextlib.suppress(OSError):
            Path(folder, "fairway-was-here").write_text("x")
            yield f"a file in {folder}"
    for path in (__file__, os.environ["INPUT"], "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", sys.executable):
        with contextlib.suppress(OSError), Path(path).open("r+b"):
            yield path
    with contextlib.suppress(OSError):
        Path(os.environ["INPUT"]).unlink()
        yield "an input was removed"


def environments() -> Iterator[str]:
    """Find what the caller's environment or command line says."""
    wanted = os.environ["HOST_WORD"].encode()[::-1]
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            with contextlib.suppress(OSError):
                if wanted in (process / name).read_bytes():
                    yield f"the secret stands in {process / name}"


def processes() -> Iterator[str]:
    """See or signal a process of the host."""
    count = sum(1 for _ in Path("/proc").glob("[0-9]*"))
    if count > 8:
        yield f"{count} processes are visible"
    victim = int(os.environ["HOST_PID"])
    for pid in (victim, os.getppid()):
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            if pid == victim:
                yield f"process {pid} of the host takes signals"
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.kill(1, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(-1, signal.SIGTERM)


def namespaces() -> Iterator[str]:
    """Enter a namespace in which it would be somebody."""
    for flag in (CLONE_NEWUSER, 0x20000, 0x40000000, 0x20000000):
        if _call("unshare", flag) == 0:
            yield f"unshare({flag:#x})"
    if platform.machine() == "x86_64" and _libc().syscall(56, CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0) >= 0:
        yield "clone with a user namespace"
    done = subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False, capture_output=True)  # noqa: S607
    if done.returncode == 0:
        yield "the command unshare"


def kernel() -> Iterator[str]:
    """Call parts of the kernel that a job has no need of."""
    for name in KERNEL_CALLS:
        if name not in NAMES_ONLY and _call(name, 0, 0, 0, 0, 0) not in (errno.EPERM, errno.ENOSYS):
            yield name


def devices() -> Iterator[str]:
    """Open or make devices."""
    for path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kvm", "/dev/net/tun"):
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDONLY))
            yield path
    with contextlib.suppress(OSError):
        os.mknod("disk", 0o600 | 0o060000, os.makedev(8, 0))
        yield "a device was made"
    names = {path.name for path in Path("/dev").iterdir()}
    usual = "console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero mqueue"
    strange = [name for name in names - set(usual.split()) if not name.startswith("nvidia")]
    if strange:
        yield f"unexpected devices: {', '.join(sorted(strange))}"


def terminal() -> Iterator[str]:
    """Put keys into a terminal."""
    with contextlib.suppress(OSError):
        keeper, terminal = os.openpty()
        fcntl.ioctl(terminal, TIOCSTI, b"x")
        if select.select([terminal, keeper], [], [], 0.1)[0]:
            yield "TIOCSTI"
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR))
        yield "a controlling terminal"


def privileges() -> Iterator[str]:
    """Be somebody."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    for name in ("CapEff", "CapPrm", "CapAmb"):
        if int(status[name], 16):
            yield f"{name} {status[name]}"
    if status["NoNewPrivs"] != "1":
        yield "a program may raise its privileges"
    if os.getuid() == 0:
        yield "it is root"
    Path("mine").touch()  # whose that is on the host is looked at there
    for become in (os.setuid, os.setgid):
        with contextlib.suppress(OSError):
            become(0)
            yield f"{become.__name__}(0)"


def foreign_calls() -> Iterator[str]:
    """Make a system call of another architecture, which the filter would not know."""
    if platform.machine() != "x86_64":
        return
    code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20 (getpid of 32-bit programs); int 0x80; ret
    if os.fork():
        _, status = os.wait()
        if os.waitstatus_to_exitcode(status) == 0:
            yield "a 32-bit system call"
        return
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid() else 1)


ATTACKS: tuple[Callable[[], Iterator[str]], ...] = (
    network, host_sockets, odd_sockets, loopback, secrets, outside, environments, processes, namespaces, kernel,
    devices, terminal, privileges, foreign_calls,
)  # fmt: skip


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int) -> int:
    """The error number of a raw system call, 0 where it worked."""
    number = KERNEL_CALLS[name][platform.machine() == "aarch64"]
    return ctypes.get_errno() if _libc().syscall(number, *arguments) < 0 else 0
