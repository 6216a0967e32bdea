"""The services' qemu-img notes its runs and is the real one otherwise."""

import subprocess
from pathlib import Path

from lab import qemu_img


def program(tmp_path: Path) -> tuple[Path, Path]:
    log = tmp_path / "it's a log"
    path = tmp_path / 'qemu-img'
    path.write_text(qemu_img.script('/bin/echo', log))
    path.chmod(0o700)
    return path, log


def run(path: Path, *arguments: str) -> str:
    return subprocess.run(
        [str(path), *arguments], check=True, timeout=10, capture_output=True, text=True
    ).stdout


def test_each_run_is_a_line_with_its_arguments(tmp_path: Path) -> None:
    path, log = program(tmp_path)
    run(path, 'convert', '-f', 'raw', 'a b', '$HOME')
    run(path, 'info', 'x')
    assert [line.split('\t') for line in log.read_text().splitlines()] == [
        ['convert', '-f', 'raw', 'a b', '$HOME'],
        ['info', 'x'],
    ]


def test_the_real_program_gets_the_arguments_as_they_are(tmp_path: Path) -> None:
    path, _ = program(tmp_path)
    assert run(path, 'a  b', '*') == 'a  b *\n'
