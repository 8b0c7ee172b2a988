import hashlib
import shutil

import pytest

from golive.release.errors import ManifestInvalid
from golive.release.files import digests_of
from golive.release.manifest import load_manifest
from tests.domain.release.example import FOLDER, MANIFEST, spoiled

ZEROS = "sha256:" + "0" * 64
ARTIFACT = "build/contact-center-api-2.0.0.tar.gz"
SOURCE = "templates/app.conf.template"
SCRIPT = "migration/0001_tables.up.sql"
MAPPING = "migration/mapping.yaml"


@pytest.fixture
def folder(tmp_path):
    """The example with a real artifact beside it, and a neighbour outside."""
    root = tmp_path / "release"
    for part in ("templates", "migration"):
        shutil.copytree(FOLDER / part, root / part)
    (root / "build").mkdir()
    (root / ARTIFACT).write_bytes(b"artifact")
    digest = "sha256:" + hashlib.sha256(b"artifact").hexdigest()
    (root / "release.yaml").write_text(spoiled(MANIFEST, (ZEROS, digest)), encoding="utf-8")
    (tmp_path / "outside").write_text((root / SOURCE).read_text(), encoding="utf-8")
    return root


def load(folder):
    return load_manifest(folder / "release.yaml")


def refused(call):
    with pytest.raises(ManifestInvalid) as caught:
        call()
    return {problem.finding.key for problem in caught.value.problems}


def test_the_digests_complete_the_manifest(folder):
    """The files beside a manifest give exactly what its digest needs."""
    release = load(folder)
    assert release.digest(digests_of(release, folder, "x")).startswith("sha256:")


def test_a_template_that_is_missing_is_told(folder):
    """A manifest whose template is not there is not loaded."""
    (folder / SOURCE).unlink()
    assert refused(lambda: load(folder)) == {"file_unreadable"}


def test_a_link_out_of_the_folder_is_not_followed(folder):
    """A template or artifact that is a link to elsewhere is refused, though its name stays inside."""
    (folder / SOURCE).unlink()
    (folder / SOURCE).symlink_to(folder.parent / "outside")
    assert refused(lambda: load(folder)) == {"file_outside"}


def test_a_linked_folder_is_not_followed(folder):
    """The same holds for a folder on the way."""
    release = load(folder)
    shutil.move(folder / "build", folder.parent / "build")
    (folder / "build").symlink_to(folder.parent / "build")
    assert refused(lambda: digests_of(release, folder, "x")) == {"file_outside"}


def test_links_in_a_circle_are_refused(folder):
    """A link to itself gives a message."""
    (folder / SOURCE).unlink()
    (folder / SOURCE).symlink_to(folder / SOURCE)
    assert refused(lambda: load(folder)) == {"file_unreadable"}


def test_a_link_inside_the_folder_is_fine(folder):
    """A link that stays inside is only another name."""
    (folder / SOURCE).rename(folder / "real")
    (folder / SOURCE).symlink_to(folder / "real")
    assert load(folder)


def test_a_changed_artifact_is_refused(folder):
    """An artifact with another digest than the manifest's is not taken."""
    release = load(folder)
    (folder / ARTIFACT).write_bytes(b"artifacT")
    assert refused(lambda: digests_of(release, folder, "x")) == {"file_digest"}


def test_all_missing_files_are_told_at_once(folder):
    """Every file that cannot be read is named in one report."""
    release = load(folder)
    for name in (ARTIFACT, SOURCE, SCRIPT, MAPPING):
        (folder / name).unlink()
    with pytest.raises(ManifestInvalid) as caught:
        digests_of(release, folder, "x")
    assert {problem.finding.data["file"] for problem in caught.value.problems} == {ARTIFACT, SOURCE, SCRIPT, MAPPING}


@pytest.mark.parametrize("name", [SCRIPT, MAPPING])
def test_a_linked_file_of_the_migration_is_not_followed(folder, name):
    """What changes databases comes from the release's folder and from nowhere else."""
    release = load(folder)
    (folder / name).unlink()
    (folder / name).symlink_to(folder.parent / "outside")
    assert refused(lambda: digests_of(release, folder, "x")) == {"file_outside"}


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (b"@other@", {"template_unknown", "template_unused"}),
        (b"mail a@b", {"template_unclosed"}),
        ("제목".encode("euc-kr"), {"file_unreadable"}),
        (b"x" * 300_000, {"too_large"}),
    ],
    ids=["other names", "a lone sign", "not UTF-8", "large"],
)
def test_a_template_that_does_not_fit_is_told(folder, content, keys):
    """Templates are read when a manifest is loaded, so that install does not find out."""
    (folder / SOURCE).write_bytes(content)
    assert refused(lambda: load(folder)) == keys


def test_a_file_with_a_secret_is_not_for_everybody(folder):
    """A mode that lets every user of a host read a secret is refused."""
    (folder / "release.yaml").write_text(spoiled(MANIFEST, ('"0640"', '"0644"')), encoding="utf-8")
    assert refused(lambda: load(folder)) == {"template_secret_readable"}
