"""The example's artifact and release folder."""

import tarfile

import pytest

from golive.canonical import digest_bytes
from golive.release.manifest import load_manifest
from golive_stack.example import VARIANTS, build_artifact, write_release


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_same_sources_same_bytes(version, tmp_path):
    """Building twice gives the same digest, and no time is in it."""
    first, second = (build_artifact(version, tmp_path / name).read_bytes() for name in ("one", "two"))
    assert digest_bytes(first) == digest_bytes(second)
    assert first[4:8] == bytes(4)


def test_every_version_and_variant_is_its_own_artifact(tmp_path):
    """Two versions and the broken variants have four different digests under the names that the manifests use."""
    built = [build_artifact("1.0.0", tmp_path / "1"), build_artifact("2.0.0", tmp_path / "2")]
    built += [build_artifact("2.0.0", tmp_path / variant, variant) for variant in VARIANTS]
    assert len({digest_bytes(path.read_bytes()) for path in built}) == 4
    assert {path.name for path in built} == {"contact-center-api-1.0.0.tar.gz", "contact-center-api-2.0.0.tar.gz"}


def test_members_are_plain_and_sorted(tmp_path):
    """The archive holds plain files only, sorted, of nobody, of no time, with one executable."""
    with tarfile.open(build_artifact("2.0.0", tmp_path)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert all(member.isreg() and (member.mtime, member.uid, member.gid) == (0, 0, 0) for member in members)
    assert [member.name for member in members if member.mode & 0o111] == ["bin/serve"]


@pytest.mark.parametrize(("version", "name"), [("1.0.0", "release-1.0.yaml"), ("2.0.0", "release-2.0.yaml")])
def test_release_folder_names_the_built_artifact(version, name, tmp_path):
    """The written manifest is valid, with the digest of the artifact beside it, and its templates are there."""
    manifest = write_release(tmp_path, version)
    artifact = tmp_path / "build" / f"contact-center-api-{version}.tar.gz"
    assert manifest == tmp_path / name
    assert load_manifest(manifest).components["api"].artifact.digest == digest_bytes(artifact.read_bytes())
    assert (tmp_path / "templates" / "app.conf.template").is_file()
