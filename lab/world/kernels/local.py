"""Kernels that are on this machine already: an image with its modules, a build tree, an installed version."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from lab.model.bzimage import HEAD, NoImage, release_of
from lab.model.kernel import Kernel
from lab.world.errors import NoKernel
from lab.world.kernels.tools import Say

BUILT = Path("arch/x86/boot/bzImage")
MODULES = ("lib/modules", "usr/lib/modules")


def at_path(word: str, say: Say, root: Path = Path("/")) -> Kernel:
    """The kernel of an image or a build tree, written PATH or PATH:MODULES.

    MODULES is a folder lib/modules/RELEASE, or one that such a folder is in; empty says that there are none. Without it they are
    looked for where they usually are: in the tree, beside the image, and in this machine's own. Raises NoKernel.
    """
    path, colon, given = (word, "", "") if Path(word).exists() else word.rpartition(":")
    if not path or not Path(path).exists():
        raise NoKernel(f"{word}: there is no such file or folder")
    tree = Path(path).absolute()
    image = tree / BUILT if tree.is_dir() else tree
    if tree.is_dir() and not image.is_file():
        raise NoKernel(f"{path}: a folder without {BUILT}, and so no kernel tree that was built; `make bzImage` there builds it")
    release = release_in(image)
    places = [Path(given).absolute()] if given else [] if colon else list(usual_places(tree, root))
    modules = next((found for place in places for found in modules_in(place, release)), None)
    if given and modules is None:
        raise NoKernel(f"{word}: {given} has no modules of {release}: neither modules.dep nor {MODULES[0]}/{release} is in it")
    if modules is None and not colon:
        missing(tree, release, say)
    return Kernel(word, release, str(image), str(modules or ""))


def missing(tree: Path, release: str, say: Say) -> None:
    """No modules are found. An image may have everything built in; a tree knows whether it has: then raises NoKernel."""
    if tree.is_dir() and (order := tree / "modules.order").is_file() and order.read_text().strip():
        raise NoKernel(
            f"{tree}: its modules are built, not installed: `make -C {tree} modules_install INSTALL_MOD_PATH={tree}` does that"
            f"\n{tree}: (with a colon at its end) boots it without them"
        )
    say(f"{tree}: no modules of {release} are found; it has what is built in. {tree}:FOLDER says where they are")


def usual_places(tree: Path, root: Path) -> Iterator[Path]:
    if tree.is_dir():
        yield tree
    else:
        # .../lib/modules/RELEASE/vmlinuz, .../boot/vmlinuz-RELEASE, .../vmlinuz and arch/x86/boot/bzImage in a tree
        yield from (tree.parent, tree.parent.parent)
        if tree.parts[-len(BUILT.parts) :] == BUILT.parts:
            yield tree.parents[len(BUILT.parts) - 1]
    yield root


def modules_in(place: Path, release: str) -> Iterator[Path]:
    """Folders of this release's modules. Raises NoKernel where one was never listed."""
    for folder in (place, *(place / name / release for name in MODULES)):
        if (folder / "modules.dep").is_file() and folder.name == release:
            yield folder
        elif (folder / "kernel").is_dir() and folder.name == release:
            base = folder.parents[2]
            raise NoKernel(f"{folder} has modules, and no modules.dep: `depmod -b {base} {release}` makes it")


def release_in(image: Path) -> str:
    """What the head of an image says. Raises NoKernel."""
    try:
        with image.open("rb") as file:
            return release_of(file.read(HEAD))
    except NoImage as error:
        raise NoKernel(f"{image}: {error}") from error
    except PermissionError as error:
        raise NoKernel(f"{image}: only root may read it: `chmod a+r` it, or boot a copy") from error
    except OSError as error:
        raise NoKernel(f"{image}: {error.strerror}") from error


def installed(version: str, root: Path = Path("/")) -> Kernel:
    """A kernel that is installed here, by its version. Raises NoKernel, with near names."""
    found = images(root)
    if version not in found:
        near = difflib.get_close_matches(version, found, n=4, cutoff=0.4)
        here = f"near it: {', '.join(near)}" if near else f"installed: {', '.join(sorted(found)) or 'none'}"
        raise NoKernel(
            f"no kernel {version!r} is installed ({here}); debian:{version} asks Debian's archive for one, and a path has a / in it"
        )
    modules = next(modules_in(root, version), None)
    return Kernel(version, release_in(found[version]), str(found[version]), str(modules or ""))


def images(root: Path) -> dict[str, Path]:
    """The installed images, by version."""
    found = {path.parent.name: path for name in MODULES for path in sorted((root / name).glob("*/vmlinuz"))}
    return found | {path.name.removeprefix("vmlinuz-"): path for path in sorted((root / "boot").glob("vmlinuz-*"))}
