"""Key files."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from golive.ledger import Signer, generate_key, load_public_keys
from golive.ledger.errors import KeyFileExists, KeyFileInvalid, KeyFileMissing, KeyFileTooOpen
from golive.ledger.signing import signed_by


def test_a_key_signs_and_its_public_half_checks(tmp_path: Path) -> None:
    """What a generated key signs after loading is accepted by its public file, and nothing else is."""
    made = generate_key(tmp_path / "key.pem")
    signer = Signer.load(tmp_path / "key.pem")
    public = load_public_keys(tmp_path / "key.pub")[signer.key]
    assert signer.key == made.key
    assert len(signer.key) == 16
    assert signed_by(public, signer.sign(b"yes"), b"yes")
    assert not signed_by(public, signer.sign(b"yes"), b"no")
    assert not signed_by(public, "not base64!", b"yes")


def test_a_private_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    """The key file is made with mode 0600, and a second key under the same name is refused."""
    generate_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileExists):
        generate_key(tmp_path / "key.pem")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o700])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Any mode wider than 0600 is refused and named."""
    generate_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(KeyFileTooOpen) as caught:
        Signer.load(tmp_path / "key.pem")
    assert caught.value.data["mode"] == f"0{mode:o}"


def test_bad_key_files(tmp_path: Path) -> None:
    """A missing file, text that is no key, and a key of another kind each have an error of their own."""
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"no key", b"", rsa):
        (tmp_path / "bad.pem").write_bytes(content)
        (tmp_path / "bad.pem").chmod(0o600)
        with pytest.raises(KeyFileInvalid):
            Signer.load(tmp_path / "bad.pem")
        with pytest.raises(KeyFileInvalid):
            load_public_keys(tmp_path / "bad.pem")
    with pytest.raises(KeyFileMissing):
        Signer.load(tmp_path / "none.pem")
    with pytest.raises(KeyFileMissing):
        load_public_keys(tmp_path / "none.pub")


def test_a_directory_of_public_keys(tmp_path: Path) -> None:
    """All public keys of a directory are loaded, so that old signatures stay good after a change of keys."""
    keys = {generate_key(tmp_path / f"{name}.pem").key for name in ("old", "new")}
    assert set(load_public_keys(tmp_path)) == keys
