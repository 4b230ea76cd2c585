"""Cohorts of ROI scans: anyone's, ABIDE from disk or from the network, and simulated ones."""

from ._abide import fetch_abide, load_abide
from ._atlases import fetch_image as fetch_image  # for decoding
from ._atlases import read_names as read_names
from ._bids import load_bids
from ._extraction import extract_scans
from ._image_series import on_grid as on_grid
from ._phenotypic_table import site_stem as site_stem  # for the command line
from ._scan_table import load_scans
from ._simulation import make_scans
from ._study_folder import make_study
from ._table_files import has_codes as has_codes
from ._table_files import read_rows as read_rows

__all__ = [
    "extract_scans",
    "fetch_abide",
    "load_abide",
    "load_bids",
    "load_scans",
    "make_scans",
    "make_study",
]
