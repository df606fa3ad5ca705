"""What the tests share: a browser where there is one, and honest skips."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ALL = os.environ.get("CUSTLIB_REQUIRE") == "all"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium; skips where there is none, fails where everything is required."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under CUSTLIB_REQUIRE=all a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CUSTLIB_REQUIRE=all, yet skipped: {report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr}"


def pytest_unconfigure(config):
    """Say last what was skipped and why, on the process that reports."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    skipped = {}
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        skipped.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid.split("::")[-1])
    told = "; ".join(f"{len(names)} × {reason}" for reason, names in sorted(skipped.items())) or "none"
    print(f"skipped: {told}")
