"""tap.py - TAP for tests written in Python: test functions, one line each, no other frills."""
import sys
import traceback


def run(tests):
    """Runs each function of `tests`; an exception fails it. Exits 1 if any failed."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}")
        except Exception:  # every failure is a `not ok` with its trace
            failed += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    sys.exit(failed != 0)


def same(got, want, what=""):
    """Raises unless the two are equal, showing both."""
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")
