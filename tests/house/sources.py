"""The files of the repository, as the checks see them."""

import functools
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".cache", ".venv", "__pycache__", ".pytest_cache", "dist", "node_modules"}


@functools.cache
def files() -> list[pathlib.Path]:
    """Every file that is, or would be, under version control."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not is_skipped(path.relative_to(ROOT))]
    return sorted({path for path in paths if path.is_file()})


def is_skipped(path: pathlib.Path) -> bool:
    return any(part in SKIPPED_FOLDERS or part.startswith("build") and index == 0 or part.endswith(".egg-info")
               for index, part in enumerate(path.parts))


def under(*folders: str, suffixes: tuple[str, ...]) -> list[pathlib.Path]:
    """Files below the folders (all of the repository when none is named) with one of the suffixes."""
    chosen = [path for path in files() if path.suffix in suffixes]
    return [path for path in chosen if not folders or path.relative_to(ROOT).parts[0] in folders]


def name(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
