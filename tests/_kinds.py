"""Three classes, and what models of a cohort of them read."""

NAMES = ("a", "b", "c")


def last_points(X):
    return X[:, -1:]
