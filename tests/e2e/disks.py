"""Small file systems that a test mounts as a relay's state_dir, fills up and breaks. Mounting needs root."""
import os
import pathlib
import subprocess

from peers import program


def can_mount(folder: pathlib.Path) -> bool:
    """Whether this user may mount, as root in a container often may not."""
    probe = folder / "probe"
    probe.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(probe)], capture_output=True)
    if mounted.returncode == 0:
        subprocess.run(["umount", str(probe)], check=True)
    probe.rmdir()
    return mounted.returncode == 0


def _unmount(folder):
    # Lazily: a process that was just killed may hold a file for a moment more.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Tmpfs:
    """A tmpfs of `size` octets on `folder`, until the test ends."""

    def __init__(self, test, folder: pathlib.Path, size: int):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
        test.addCleanup(_unmount, folder)
        self.folder, self._filler = folder, folder / "somebody-elses"

    def fill_up(self):
        with open(self._filler, "ab", buffering=0) as filler:
            for chunk in (65536, 1):
                try:
                    while True:
                        filler.write(b"x" * chunk)
                except OSError:
                    pass  # Full.

    def free(self):
        self._filler.unlink()

    def make_read_only(self):
        """Refused by the kernel while a file is open for writing."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)


class Ext4:
    """An ext4 file system on `folder` that turns read-only at its first error, as Debian's installer sets it up."""

    def __init__(self, test, folder: pathlib.Path, image: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        with open(image, "wb") as file:
            os.truncate(file.fileno(), 16 << 20)
        subprocess.run([program("mkfs.ext4"), "-q", "-F", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)], check=True)
        test.addCleanup(_unmount, folder)
        mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        device = next(row[0] for row in mounts if row[1] == str(folder))
        self._trigger = pathlib.Path("/sys/fs/ext4", pathlib.Path(device).name, "trigger_fs_error")

    def break_down(self):
        """The kernel finds an error in it; open files cannot be written any more either."""
        self._trigger.write_text("a test")
