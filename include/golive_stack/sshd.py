"""OpenSSH's server for one host, as any user, on the loopback."""

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from golive_stack.errors import SetupFailed
from golive_stack.files import write_private

quote = shlex.quote

# StrictModes looks at every folder above the key, /tmp included; the key's own folder is private to its user anyway.
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey "{folder}/host_key"
AuthorizedKeysFile "{folder}/authorized_keys"
PidFile none
StrictModes no
UsePAM no
UseDNS no
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding local
AllowAgentForwarding no
X11Forwarding no
PrintMotd no
PrintLastLog no
MaxSessions 64
MaxStartups 100:30:200
Subsystem sftp internal-sftp
SetEnv {environment}
"""


def find() -> str | None:
    """The full path of ``sshd``, or None. It re-executes itself, so a bare name would not do."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    return shutil.which("sshd", path=places)


def command(program: str, folder: Path, port: int, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Write the configuration and return the words that run the server. Raises ``SetupFailed`` when it is refused."""
    words = " ".join(f'"{name}={value}"' for name, value in environment.items())
    config = folder / "sshd_config"
    write_private(config, _CONFIG.format(port=port, folder=folder, environment=words))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
    check = [program, "-t", "-f", str(config)]
    result = subprocess.run(check, capture_output=True, text=True, timeout=20, check=False)
    if result.returncode != 0:
        raise SetupFailed(what="sshd", log=config, tail=result.stderr.strip())
    return (program, "-D", "-e", "-f", str(config))


def missing(port: int) -> str:
    """Empty when an SSH server greets on ``port``, else why not."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(3)
            greeting = connection.recv(64)
    except OSError as cause:
        return str(cause)
    return "" if greeting.startswith(b"SSH-2.0-") else f"it says {greeting!r}"
