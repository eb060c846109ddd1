import subprocess
import sys

LAZY = ("holidays", "phonenumbers", "nagorik.model", "nagorik.errors")


def test_importing_the_package_reads_no_data_library():
    program = f"import sys, nagorik.values; print([name for name in {LAZY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
