"""The page of a results folder can be read by all: contrast, names, the keyboard."""

import pytest

from _axe import serious_faults


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_serious_fault(new_page, folder, page, width, scheme):
    view = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    view.goto((folder / "report.html").resolve().as_uri())
    assert serious_faults(view) == []
