"""Exports that prove themselves without the database."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from golive.ledger import Ledger, export_evidence, generate_key, verify_export
from golive.ledger.errors import ExportInvalid
from golive.ledger.events import NewEvent
from golive.ledger.problems import What


@pytest.fixture
def export(story: Ledger, stream: str, tmp_path: Path) -> Path:
    """An export of the story with two pieces of evidence, one of them over the limit."""
    small, large = story.store(b"seen", "text/plain"), story.store(b"large" * 1000, "text/plain")
    story.record(stream, NewEvent("fact", {"evidence": [small, large, "sha256:" + "0" * 64]}))
    assert story.signer
    done = export_evidence(story, stream, tmp_path / "out.zip", story.signer.public_keys(), limit=1000)
    assert done.omitted == (large,)
    assert f"evidence/{small[7:]}" in done.files
    return tmp_path / "out.zip"


def test_an_export_verifies_offline(export: Path, story: Ledger) -> None:
    """What was exported verifies, with the keys inside and with keys that one trusts."""
    assert verify_export(export) == ()
    assert story.signer
    assert verify_export(export, story.signer.public_keys()) == ()


def test_an_export_is_private_and_complete(export: Path, tmp_path: Path) -> None:
    """It is written with mode 0600 in one step and holds exactly what its manifest says."""
    assert export.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".out.zip*"))
    with zipfile.ZipFile(export) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
        assert len(archive.read("events.jsonl").splitlines()) == 8
        assert len(archive.read("heads.jsonl").splitlines()) == 5


def test_the_keys_inside_prove_nothing_about_who(export: Path, tmp_path: Path) -> None:
    """Against keys that one trusts, an export signed by someone else fails."""
    stranger = generate_key(tmp_path / "stranger.key").public_keys()
    assert {problem.what for problem in verify_export(export, stranger)} == {What.UNKNOWN_KEY}


def _without_last_line(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:-1])


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes | None], set[What]]] = {
    "event changed": ("events.jsonl", lambda c: c.replace(b'"golive"', b'"kim"', 1), {What.FILE_CHANGED, What.CHANGED}),
    "event removed": ("events.jsonl", _without_last_line, {What.FILE_CHANGED, What.TRUNCATED}),
    "events removed": ("events.jsonl", lambda _: None, {What.FILE_CHANGED, What.TRUNCATED}),
    "batch removed": ("batches.jsonl", _without_last_line, {What.FILE_CHANGED, What.TRUNCATED, What.INSERTED}),
    "evidence changed": ("evidence/", lambda _: b"other", {What.FILE_CHANGED, What.EVIDENCE_CHANGED}),
    "evidence removed": ("evidence/", lambda _: None, {What.FILE_CHANGED, What.EVIDENCE_REMOVED}),
    "evidence removed from the manifest too": (
        "manifest.json",
        lambda c: c.replace(b'"evidence/', b'"other/'),
        {What.FILE_CHANGED},
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_export_is_found(export: Path, tmp_path: Path, case: str) -> None:
    """Whatever is changed in the file after it was written is named."""
    prefix, change, expected = CHANGES[case]
    with zipfile.ZipFile(export) as old, zipfile.ZipFile(tmp_path / "bad.zip", "w") as new:
        for name in old.namelist():
            content = change(old.read(name)) if name.startswith(prefix) else old.read(name)
            if content is not None:
                new.writestr(name, content)
    assert {problem.what for problem in verify_export(tmp_path / "bad.zip")} == expected


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is no zip, or a zip without a manifest, is refused with its name."""
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(ExportInvalid) as caught:
        verify_export(tmp_path / "bad.zip")
    assert str(tmp_path) in str(caught.value)
    with pytest.raises(ExportInvalid):
        verify_export(tmp_path / "none.zip")
