"""Which question each interval answers: to be printed under the tables that hold them."""

ABOUT_INTERVALS = (
    "Interval of a metric: the same trained models, tested on other subjects of the site. "
    "Spread over folds: also other training sets, but folds share most of theirs."
)
ABOUT_TESTS = (
    "Difference, mean over folds: what if the models were trained again and tested on other "
    "subjects? 95 % interval and p by the corrected resampled t. Pooled difference: what if the "
    "same trained models were tested on other subjects? 95 % interval by drawing subjects, or "
    "families, from each site and class; p by swapping the models in each subject. These p are "
    "two-sided, and corrected for their number by Holm. The paper's t is one-tailed, takes folds "
    'for independent, and says "better" too often.'
)
