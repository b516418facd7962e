"""The files of a package on disk: an archive in the NPM form, a folder, or one definition."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

from cordee.cli.failures import CommandError

_LARGEST = 500_000_000
"""Bytes of an archive once unpacked: above, it is taken for a decompression bomb."""


def package_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The path and content of each JSON file. Of an archive, those of its folder `package`; of a folder, its own.

    Raises CommandError when it can't be read.
    """
    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            yield str(file), file.read_bytes()
    elif path.suffix == ".json":
        yield str(path), path.read_bytes()
    else:
        yield from _of_archive(path)


def package_fallback(path: Path) -> str:
    """The name of a package that doesn't tell its own."""
    return path.name.removesuffix(".json").removesuffix(".tgz").removesuffix(".tar.gz")


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                parts = Path(member.name).parts
                if not member.isfile() or len(parts) != 2 or parts[0] != "package" or not member.name.endswith(".json"):
                    continue
                total += member.size
                if total > _LARGEST:
                    raise CommandError(f"{path}: it unpacks to more than {_LARGEST:,} bytes.")
                file = archive.extractfile(member)
                if file is not None:
                    yield f"{path}:{member.name}", file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise CommandError(f"{path}: it can't be read as a package (.tgz): {error}.") from None
