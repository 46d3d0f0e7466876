#!/usr/bin/env python3
"""The spec file for EL9, which nobody builds here, is one that rpm reads, of this version, with every program and man page that
`cmake --install` lays down and every unit.

usage: rpm_spec_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import re
import subprocess
import sys
import unittest

from sluice_harness import SOURCE_DIR

SLUICE = sys.argv.pop(1)
SPEC = SOURCE_DIR / "packaging/rpm/sluice.spec"
# Of systemd-rpm-macros, which Debian does not have.
MACROS = {"_unitdir": "/usr/lib/systemd/system", "_sysusersdir": "/usr/lib/sysusers.d", "_tmpfilesdir": "/usr/lib/tmpfiles.d",
          "systemd_post": "", "systemd_preun": "", "systemd_postun_with_restart": "", "tmpfiles_create": ""}


class Spec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        defines = [word for name, value in MACROS.items() for word in ("--define", f"{name} {value or '%nil'}")]
        cls.read = subprocess.run(["rpmspec", *defines, "--parse", SPEC], capture_output=True, text=True, timeout=60, check=False)
        cls.files = cls.read.stdout.partition("\n%files\n")[2]

    def test_rpm_reads_it(self):
        self.assertEqual((self.read.returncode, self.read.stderr), (0, ""))

    def test_it_is_of_this_version(self):
        version = subprocess.run([SLUICE, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout.split()[1]
        self.assertRegex(self.read.stdout, rf"(?m)^Version: +{re.escape(version)}$")

    def test_it_has_what_is_installed(self):
        for program in ["sluice", *(file.name for file in (SOURCE_DIR / "packaging/bin").iterdir())]:
            self.assertIn(f"/usr/bin/{program}\n", self.files)
        pages = re.findall(r"^install\(FILES (.*\.gz)", (SOURCE_DIR / "cmake/packaging.cmake").read_text(), re.MULTILINE)
        pages = re.findall(r"\$\{man_dir\}/(\S+)\.gz", " ".join(pages))
        self.assertGreaterEqual(len(pages), 5)
        for page in pages:
            self.assertIn(f"/usr/share/man/man{page[-1]}/{page}*\n", self.files)
        for unit in (SOURCE_DIR / "packaging/systemd").glob("*.s[eo][rc]*"):
            self.assertIn(f"/usr/lib/systemd/system/{unit.name}\n", self.files)
        for folder in (folder for folder in (SOURCE_DIR / "packaging").iterdir() if folder.is_dir()):
            if folder.name not in ("bash-completion", "bin", "deb", "man", "rpm"):
                self.assertRegex(self.files, rf"(?m)^%doc .*packaging/{folder.name}\b")


if __name__ == "__main__":
    unittest.main()
