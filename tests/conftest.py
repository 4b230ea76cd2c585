"""Where the real scans are, and small cohorts that many tests share."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

_PATIENCE = 300_000  # milliseconds: a browser hangs, or the machine is only busy

# Without this, scikit-learn skips one of its own checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")


@pytest.fixture(scope="session")
def data_dir():
    """Folder with ``ABIDE_pcp``; tests that need it skip where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LSTMDG_DATA", beside))
    if not (folder / "ABIDE_pcp").is_dir():
        pytest.skip(f"no real scans: {folder} has no ABIDE_pcp (set LSTMDG_DATA)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_interrupts():
    """A shell that runs the tests in the background has them ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def seed_all():
    """Let what draws without a seed, such as estimators without ``random_state``, draw alike."""
    seed = int(os.environ.get("LSTMDG_TEST_SEED", "0"))
    np.random.seed(seed)  # noqa: NPY002 - as scikit-learn
    torch.manual_seed(seed)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Whichever test comes first makes the fixtures of its module, or of all."""
    seed_all()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call():
    """And whether it made them decides nothing."""
    seed_all()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the system, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install it")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Containers run as root, where Chromium's sandbox does not start.
        options = {"executable_path": path, "args": ["--no-sandbox"], "timeout": _PATIENCE}
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Open pages, for as long as the test runs."""
    views = []

    def open_page(**options):
        views.append(browser.new_page(**options))
        views[-1].set_default_timeout(_PATIENCE)
        return views[-1]

    yield open_page
    for view in views:
        view.close()


@pytest.fixture
def scans():
    """Twelve scans of 40 points and 6 ROIs, of two alternating classes that differ in coupling."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 40, 6)).cumsum(axis=1) * 0.3
    y = np.arange(12) % 2
    X[y == 1, :, 1] = X[y == 1, :, 0]
    return X - X.mean(axis=1, keepdims=True), y
