"""Kernels that are on disk already: images, build trees, installed versions, and where their modules are."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.kernels_at_hand import NoKernel, located
from lab.world.kernels.local import at_path, installed
from tests.kernels import bzimage

RELEASE = "6.19.0-rc3"


def write(path: Path, octets: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def modules(below: Path, name: str = "lib/modules") -> Path:
    """Modules of RELEASE below a folder, as depmod leaves them."""
    return write(below / name / RELEASE / "modules.dep").parent


def image(path: Path) -> Path:
    return write(path, bzimage(RELEASE))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("boot/vmlinuz", "lib/modules"),
        ("boot/vmlinuz", "usr/lib/modules"),
        ("bzImage", "lib/modules"),
        ("arch/x86/boot/bzImage", "lib/modules"),
    ],
)
def test_an_image_has_the_modules_that_lie_where_they_usually_do(tmp_path: Path, written: str, found: str) -> None:
    at, own = image(tmp_path / "x" / written), modules(tmp_path / "x", found)
    modules(tmp_path / "machine")
    kernel = at_path(str(at), print, tmp_path / "machine")
    assert (kernel.release, kernel.image, kernel.modules, kernel.version) == (RELEASE, str(at), str(own), "")


def test_an_image_within_its_modules_folder_has_those(tmp_path: Path) -> None:
    own = modules(tmp_path)
    assert at_path(str(image(own / "vmlinuz")), print, tmp_path / "none").modules == str(own)


def test_without_any_beside_it_an_image_has_the_machines_modules_or_none_and_says_so(tmp_path: Path) -> None:
    at, said = image(tmp_path / "x/bzImage"), list[str]()
    assert at_path(str(at), said.append, tmp_path / "machine").modules == ""
    assert said == [f"{at}: no modules of {RELEASE} are found; it has what is built in. {at}:FOLDER says where they are"]
    assert at_path(f"{at}:", said.append, tmp_path / "machine").modules == ""
    own = modules(tmp_path / "machine")
    assert at_path(str(at), said.append, tmp_path / "machine").modules == str(own)
    assert at_path(f"{at}:", said.append, tmp_path / "machine").modules == "", "a colon and nothing: none"
    assert len(said) == 1


@pytest.mark.parametrize("given", ["", "lib/modules/" + RELEASE])
def test_modules_are_where_the_word_says(tmp_path: Path, given: str) -> None:
    at, own = image(tmp_path / "boot/vmlinuz"), modules(tmp_path / "elsewhere")
    modules(tmp_path)
    assert at_path(f"{at}:{tmp_path}/elsewhere/{given}", print, tmp_path).modules == str(own)


def test_modules_of_another_release_are_none(tmp_path: Path) -> None:
    at = image(tmp_path / "bzImage")
    other = write(tmp_path / "other/lib/modules/6.1.0/modules.dep").parent
    for given in (tmp_path / "other", other):
        with pytest.raises(NoKernel, match=f"{given} has no modules of {RELEASE}"):
            at_path(f"{at}:{given}", print)


def test_modules_that_were_never_listed_are_told_with_the_command_for_it(tmp_path: Path) -> None:
    at = image(tmp_path / "boot/vmlinuz")
    (tmp_path / "lib/modules" / RELEASE / "kernel").mkdir(parents=True)
    with pytest.raises(NoKernel, match=f"`depmod -b {tmp_path} {RELEASE}` makes it"):
        at_path(str(at), print)


def test_a_build_tree_has_its_image_and_the_modules_that_were_installed_in_it(tmp_path: Path) -> None:
    at = image(tmp_path / "arch/x86/boot/bzImage")
    write(tmp_path / "modules.order", b"net/ipv4/ip_gre.o\n")
    with pytest.raises(NoKernel, match=f"`make -C {tmp_path} modules_install INSTALL_MOD_PATH={tmp_path}`"):
        at_path(str(tmp_path), print, tmp_path / "machine")
    assert at_path(f"{tmp_path}:", print).modules == ""
    own = modules(tmp_path)
    kernel = at_path(str(tmp_path), print)
    assert (kernel.name, kernel.image, kernel.modules) == (str(tmp_path), str(at), str(own))


def test_a_build_tree_without_modules_has_everything_built_in(tmp_path: Path) -> None:
    image(tmp_path / "arch/x86/boot/bzImage")
    write(tmp_path / "modules.order")
    assert at_path(str(tmp_path), print, tmp_path / "machine").modules == ""


@pytest.mark.parametrize("where", ["boot/vmlinuz-{}", "usr/lib/modules/{}/vmlinuz", "lib/modules/{}/vmlinuz"])
def test_an_installed_version_is_found_where_distributions_put_it(tmp_path: Path, where: str) -> None:
    at, own = image(tmp_path / where.format(RELEASE)), modules(tmp_path)
    kernel = installed(RELEASE, tmp_path)
    assert (kernel.name, kernel.image, kernel.modules) == (RELEASE, str(at), str(own))
    with pytest.raises(NoKernel, match=rf"no kernel '6\.19\.0-rc2' is installed \(near it: {RELEASE}\); debian:6\.19\.0-rc2 asks"):
        installed("6.19.0-rc2", tmp_path)


@pytest.mark.parametrize(
    ("name", "octets", "why"),
    [
        ("nothing", None, "nothing: there is no such file or folder"),
        ("vmlinux", b"\x7fELF" + bytes(0x400), "vmlinux: an ELF file"),
        ("text", b"hello", "text: no bzImage"),
    ],
)
def test_what_is_no_kernel_is_told(tmp_path: Path, name: str, octets: bytes | None, why: str) -> None:
    if octets is not None:
        write(tmp_path / name, octets)
    with pytest.raises(NoKernel, match=why):
        located(str(tmp_path / name), print)


def test_a_path_that_may_not_be_looked_at_is_told(tmp_path: Path) -> None:
    """As an ordinary user meets it in root's folders; this one may not even root."""
    with pytest.raises(NoKernel, match=r"x: File name too long$"):
        located(f"{tmp_path}/{'x' * 300}", print)


def test_a_folder_that_is_no_tree_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoKernel, match="and so no kernel tree that was built"):
        located(str(tmp_path), print)


def test_a_name_without_a_slash_is_a_file_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = image(tmp_path / "bzImage")
    monkeypatch.chdir(tmp_path)
    assert located("bzImage:", print).image == str(at)
    assert located("bzImage", print).release == RELEASE
