"""Communities as brain images, the terms that go with them, and pictures of both."""

from ._brain_figures import plot_communities, plot_connectome, plot_terms
from ._decoder import decode
from ._images import estimator_images, from_image, to_image
from ._label_atlas import load_atlas
from ._network_overlap import assign_networks, network_overlap
from ._peaks import load_studies, term_maps_from_nimare, term_maps_from_peaks
from ._term_maps import TermMaps, term_maps_from_folder

__all__ = [
    "TermMaps",
    "assign_networks",
    "decode",
    "estimator_images",
    "from_image",
    "load_atlas",
    "load_studies",
    "network_overlap",
    "plot_communities",
    "plot_connectome",
    "plot_terms",
    "term_maps_from_folder",
    "term_maps_from_nimare",
    "term_maps_from_peaks",
    "to_image",
]
