"""The contact centre example: its artifact, its release folder and its database, for the demo and the tests."""

import gzip
import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import psycopg

import examples.contact_center
from golive.canonical import Digest, digest_bytes
from golive.secret import Secret

EXAMPLE = Path(next(iter(examples.contact_center.__path__)))
PLACEHOLDER = "sha256:" + "0" * 64

Version = Literal["1.0.0", "2.0.0"]
Variant = Literal["answers_500", "pages_500"]
"""Versions with a real defect: ``answers_500`` fails its health check, ``pages_500`` only the pages behind it."""
SOURCES: Mapping[str, str] = {"1.0.0": "v1", "2.0.0": "v2"}
VARIANTS: tuple[str, ...] = get_args(Variant)


def build_artifact(version: Version, out: Path, variant: Variant | None = None) -> Path:
    """Write ``contact-center-api-<version>.tar.gz`` into ``out``: the same bytes for the same sources."""
    layers = [EXAMPLE / "common", EXAMPLE / SOURCES[version]]
    if variant is not None:
        layers.append(EXAMPLE / "variants" / variant)
    target = out / f"contact-center-api-{version}.tar.gz"
    out.mkdir(parents=True, exist_ok=True)
    target.write_bytes(_packed(_sources(layers)))
    return target


def write_release(out: Path, version: Version = "2.0.0", variant: Variant | None = None) -> Path:
    """Make ``out`` a release folder (manifest, templates, built artifact with its real digest); the manifest's path."""
    for part in ("templates", "migration"):
        shutil.copytree(EXAMPLE / part, out / part, dirs_exist_ok=True)
    artifact = build_artifact(version, out / "build", variant)
    name = f"release-{version.removesuffix('.0')}.yaml"
    manifest = (EXAMPLE / name).read_text(encoding="utf-8")
    (out / name).write_text(_with_digest(manifest, digest_bytes(artifact.read_bytes())), encoding="utf-8")
    return out / name


CUSTOMERS = {"test": 1_500, "production": 20_000}
"""How large each environment's old system is: about 14 rows per customer."""


def without_rows(manifest: str) -> str:
    """The manifest's text without its move of rows: the schema changes, and the new tables stay empty."""
    head, found, tail = manifest.partition("  data: ")
    return head + tail[tail.index("\n\n") + 1 :] if found else manifest


def seed_database(url: Secret, customers: int) -> bool:
    """Create and fill the old system's tables as the user of ``url``; False when they were there already."""
    with psycopg.connect(url.reveal(), connect_timeout=10) as connection:
        # Two seedings at once would race between the question and the answer: the lock ends with the transaction.
        connection.execute("SELECT pg_advisory_xact_lock(20260117)")
        found = connection.execute("SELECT to_regclass('tb_cnsl')").fetchone()
        if found is not None and found[0] is not None:
            return False
        for part in ("schema", "rows", "keys"):
            text = (EXAMPLE / "legacy" / f"{part}.sql").read_text(encoding="utf-8")
            connection.execute(text.replace("%(customers)s", str(customers)).encode())
    return True


def _with_digest(manifest: str, found: Digest) -> str:
    if manifest.count(PLACEHOLDER) != 1:
        raise ValueError(f"the example's manifest must hold {PLACEHOLDER} once")
    return manifest.replace(PLACEHOLDER, found)


def _sources(layers: list[Path]) -> dict[str, Path]:
    """Files by their name in the artifact; a later layer replaces what an earlier one has."""
    found = {}
    for layer in layers:
        for path in layer.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                found[path.relative_to(layer).as_posix()] = path
    return dict(sorted(found.items()))


def _packed(files: Mapping[str, Path]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, path in files.items():
            content = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
