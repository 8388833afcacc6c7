"""anybody.py - programs for a test that runs them as another user: a build tree may lie where that one cannot go."""
import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def programs(build):
    """The folder itself where anybody can run what is in it, else a copy that ends with the test."""
    build = pathlib.Path(build)
    if os.geteuid() != 0 or subprocess.run([*NOBODY, "test", "-r", build / "overt-worker"], check=False).returncode == 0:
        return build
    folder = pathlib.Path(tempfile.mkdtemp(prefix="overt-programs-"))
    atexit.register(shutil.rmtree, folder)
    folder.chmod(0o755)
    for program in build.glob("overt*"):
        if program.is_file():
            shutil.copy(program, folder)
    return folder
