"""
Children and adults watching a film, from images
================================================

nilearn's ``fetch_development_fmri`` has 155 children and adults who watched a short film
(Richardson and others 2018). From their images to the age group, and to the age. It downloads the
images, once, so that this page shows it without running it.
"""

# %%
# Images, confounds and an atlas of maps; without a network the file ends here.
import numpy as np
from nilearn import datasets
from nilearn.maskers import NiftiMapsMasker
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, LSTMDGRegressor, ScanCleaner, SubsequenceAugmenter

try:
    atlas = datasets.fetch_atlas_msdl()
    film = datasets.fetch_development_fmri(n_subjects=60)
except OSError as error:
    raise SystemExit(f"This example downloads scans, and needs a network: {error}") from error

# %%
# A masker reads each image without what its own confounds explain. Names of the regions go along.
masker = NiftiMapsMasker(atlas.maps, standardize_confounds=True, low_pass=0.1, t_r=2).fit()
masker.set_output(transform="pandas")
scans = [
    masker.transform(image, confounds=confounds).set_axis(atlas.labels, axis=1)
    for image, confounds in zip(film.func, film.confounds, strict=True)
]
group, age = film.phenotypic["Child_Adult"].to_numpy(dtype=str), film.phenotypic["Age"].to_numpy()
print(f"{len(scans)} scans of {scans[0].shape[0]} points and {scans[0].shape[1]} regions")

# %%
# The age group. Children move more: what head motion alone tells is the measure of the result.
steps = ScanCleaner(), SubsequenceAugmenter(length=30, step=5)
classifier = make_pipeline(*steps, LSTMDGClassifier(n_communities=20, random_state=0))
folds = StratifiedKFold(5, shuffle=True, random_state=0)
auc = cross_val_score(classifier, scans, group, cv=folds, scoring="roc_auc")
print(f"age group: AUC {auc.mean():.2f} over {len(auc)} folds")

# %%
# The age in years.
regressor = make_pipeline(*steps, LSTMDGRegressor(n_communities=20, random_state=0))
told = cross_val_predict(regressor, scans, age, cv=KFold(5, shuffle=True, random_state=0))
r = np.corrcoef(told, age)[0, 1]
print(f"age: r {r:.2f}, mean absolute error {np.abs(told - age).mean():.1f} years")
