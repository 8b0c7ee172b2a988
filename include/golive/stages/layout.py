"""Where things lie in a deploy user's home. All paths are relative to it.

components/<component>/releases/<version>-<digest>/   one release beside the other, never shared between two
components/<component>/current                        link to the one that serves
components/<component>/incoming/                       uploaded bundles
components/<component>/run/                            process records, logs, what was current before
components/<component>/control                         the service definition
components/<component>/runtime                         the runtime's variables
backups/<database>/                                    dumps
"""

from dataclasses import dataclass

from golive.canonical import Digest, digest


@dataclass(frozen=True)
class Placement:
    """A component's artifact as it will lie on a host. ``tree`` is the evidence digest of its list of file digests.

    ``release`` is part of the folder's name: two releases with the same artifact have their own configuration, and
    taking one back must not touch the other.
    """

    release: str
    component: str
    version: str
    artifact: Digest
    bundle: Digest
    bundle_size: int
    tree: Digest

    @property
    def directory(self) -> str:
        identity = digest({"release": self.release, "artifact": self.artifact})
        return f"{self.version}-{identity.removeprefix('sha256:')[:12]}"

    @property
    def root(self) -> str:
        return f"components/{self.component}"

    @property
    def path(self) -> str:
        return f"{self.root}/releases/{self.directory}"

    @property
    def incoming(self) -> str:
        return f"{self.root}/incoming/{self.directory}.tar.gz"

    @property
    def before(self) -> str:
        """Under ``root``: the note of what was current before this release was switched to."""
        return f"run/before-{self.directory}"


def component_directories(component: str) -> tuple[str, ...]:
    """The folders of a component, outer ones first."""
    root = f"components/{component}"
    return ("components", root, f"{root}/releases", f"{root}/incoming", f"{root}/run")


def backup_directory(database: str) -> str:
    return f"backups/{database}"
