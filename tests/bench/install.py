"""Walks the README's way to install, word by word, on a fresh Debian 12: `python tests/bench/install.py [DIRECTORY]`.

As root, with debootstrap (Debian's package) and a network; it takes a minute. systemd itself does not run in a chroot, so
`enable --now` is `enable`, and what systemd says of the unit is asked of `systemd-analyze verify`. Exit code 1 where a command fails.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from install_blocks import ROOT, lines

MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
PACKAGES = "systemd,python3,python3-venv,ca-certificates"
"""What a usual server has, and what the README names."""
HOST_FILES = ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt")
"""How the new system reaches a package index as this one does."""
SOURCE = "root/casbd"


def fresh(root: Path) -> None:
    """A new system, with casbd's source in it."""
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root), MIRROR]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in HOST_FILES:
        shutil.copyfile(f"/{name}", root / name)
    shutil.copytree(ROOT, root / SOURCE, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__"))


def run(root: Path, steps: list[str]) -> int:
    """The lines, in one shell of the new system, with its own /proc, which systemd's tools ask for; the exit code."""
    script = "\n".join([f"cd /{SOURCE}", "set -x", *(f"{line} || exit 1" for line in steps)])
    inside = f"mount -t proc proc {shlex.quote(str(root))}/proc && exec {shlex.join(['chroot', str(root), '/bin/sh', '-c', script])}"
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}
    return subprocess.run(["unshare", "--mount", "/bin/sh", "-c", inside], env=environment, check=False).returncode


def main() -> int:
    """The exit code."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="casbd-install-"))
    root.chmod(0o755)  # it is `/` to the user casbd
    if not (root / "etc").exists():
        fresh(root)
    steps = [line.replace("enable --now", "enable").replace("pip install", "pip install -q") for line in lines("README.md")]
    ended = run(root, [*steps, "systemd-analyze verify --man=no casbd.service", "test -d /var/spool/casbd/m365"])
    if ended:
        print(f"it failed; the system is in {root}")
    elif len(sys.argv) == 1:
        shutil.rmtree(root)
    return min(ended, 1)


if __name__ == "__main__":
    sys.exit(main())
