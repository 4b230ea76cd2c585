"""
ADHD at rest, from images
=========================

nilearn's ``fetch_adhd`` has 40 scans at rest, of several sites, of young people with ADHD and
without. Too few for a result, enough to see how images become communities on the brain. It
downloads the images, once, so that this page shows it without running it.
"""

# %%
# Images, confounds and an atlas of labels; without a network the file ends here.
import matplotlib.pyplot as plt
from nilearn import datasets
from nilearn.maskers import NiftiLabelsMasker
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.decoding import plot_communities

try:
    atlas = datasets.fetch_atlas_schaefer_2018(n_rois=100, resolution_mm=2)
    rest = datasets.fetch_adhd(n_subjects=40)
except OSError as error:
    raise SystemExit(f"This example downloads scans, and needs a network: {error}") from error

# %%
# A masker reads each image without what its own confounds explain.
masker = NiftiLabelsMasker(atlas.maps, standardize_confounds=True).fit()
scans = [
    masker.transform(image, confounds=confounds)
    for image, confounds in zip(rest.func, rest.confounds, strict=True)
]
adhd, site = rest.phenotypic["adhd"].to_numpy(int), rest.phenotypic["site"].to_numpy(dtype=str)

# %%
# Sites differ in scanner, repetition time and in who was scanned: folds keep each site whole.
net = LSTMDGClassifier(n_communities=20, random_state=0)
model = make_pipeline(ScanCleaner(), SubsequenceAugmenter(length=30, step=5), net)
folds = StratifiedGroupKFold(3, shuffle=True, random_state=0)
auc = cross_val_score(model, scans, adhd, groups=site, cv=folds, scoring="roc_auc")
print(f"ADHD: AUC {auc.mean():.2f} over {len(auc)} folds of whole sites")

# %%
# Communities on the brain: the masker knows where each region is.
extractor = CommunityExtractor(model).fit(scans, adhd)
plot_communities(extractor, masker)
plt.show()
