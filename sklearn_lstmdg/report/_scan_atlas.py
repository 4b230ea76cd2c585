"""The atlas that the scans were averaged over, where its image is on this machine."""

from pathlib import Path

from ..decoding import load_atlas

_PCP_FILES = {"aal": "aal_mask_pad.nii.gz", "ho": "ho_mask_pad.nii.gz", "cc200": "CC200.nii.gz"}
_PCP_FOLDERS = ("atlases", "ABIDE_pcp/atlases", "ABIDE_pcp/Resources", ".")


def find_atlas(options, image=None, labels=None):
    """Load the atlas that is named, or that of the scans if it lies beside them; else None.

    Nothing is downloaded: without its image on this machine there are no pictures.
    """
    if image is not None:
        return load_atlas(image, labels)
    found = _beside_pcp(options) if options.get("data_dir") else _beside_bids(options)
    if found is None:
        return None
    try:
        return load_atlas(found[0], labels or found[1])
    except ImportError:  # pictures need the extra "neuro"; the page does not
        return None


def _beside_pcp(options):
    """Return the mask that PCP averaged over, and its table of names, from the scans' folder."""
    atlas, root = options.get("atlas"), Path(options["data_dir"]).expanduser()
    for folder in _PCP_FOLDERS if atlas in _PCP_FILES else ():
        image = root / folder / _PCP_FILES[atlas]
        if image.is_file():
            labels = image.with_name(f"{atlas}_labels.csv")
            return image, labels if labels.is_file() else None
    return None


def _beside_bids(options):
    """Return the label image of BIDS derivatives, and its table of names."""
    atlas = options.get("atlas")
    root = Path(options["bids"]).expanduser() if options.get("bids") and atlas else None
    for table in sorted(root.rglob(f"*{atlas}*_dseg.tsv")) if root and root.is_dir() else ():
        images = sorted(table.parent.glob(f"*{atlas}*_dseg.nii*"))
        if images:
            return images[0], table
    return None
